"""Files of PyTorch are read for their data; what could run a program is never built."""

import argparse
import datetime as dt
import io
import pickle
import sys
from collections import OrderedDict, deque
from pathlib import PurePosixPath
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, floating_dtypes, integer_dtypes, unicode_string_dtypes

from msm_mil_core.torch_file import Inert, load_torch_file

LITTLE = "<"
NUMBERS = st.one_of(
    arrays(
        floating_dtypes(endianness=LITTLE) | integer_dtypes(endianness=LITTLE), array_shapes(min_side=0, max_side=4)
    ),
    arrays(unicode_string_dtypes(endianness=LITTLE, max_len=4), array_shapes(min_side=0, max_side=3)),
    st.floats(allow_nan=False).map(np.float64),
    st.integers(-9, 9).map(np.int32),
    st.booleans().map(np.bool_),
    st.text(max_size=5),
    st.binary(max_size=5),
    st.none(),
)
DATA = st.recursive(
    NUMBERS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


def loaded(data: object, *, zipped: bool = True) -> Any:
    file = io.BytesIO()
    torch.save(data, file, _use_new_zipfile_serialization=zipped)
    return load_torch_file(io.BytesIO(file.getvalue()))


@settings(max_examples=60, deadline=None)
@given(DATA, st.booleans())
def test_what_is_data_comes_back(data: object, zipped: bool):
    np.testing.assert_equal(loaded(data, zipped=zipped), data)


@pytest.mark.parametrize(
    "beside",
    [
        argparse.Namespace(lr=0.1, out=PurePosixPath("a")),
        SimpleNamespace(k=8),
        PurePosixPath("results"),
        dt.datetime(2026, 1, 1),
        dt.timedelta(hours=1),
    ],
)
def test_options_are_read_as_nothing(beside: object):
    found = loaded({"w": torch.ones(2), "beside": beside})

    assert type(found["beside"]) is Inert
    torch.testing.assert_close(found["w"], torch.ones(2))


def test_a_mapping_of_lightning_is_a_dictionary(monkeypatch):
    module = ModuleType("pytorch_lightning.utilities.parsing")
    kind = type("AttributeDict", (dict,), {"__module__": module.__name__})
    module.AttributeDict = kind
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(sys.modules, "pytorch_lightning", ModuleType("pytorch_lightning"))
    monkeypatch.setitem(sys.modules, "pytorch_lightning.utilities", ModuleType("pytorch_lightning.utilities"))

    assert loaded(OrderedDict(a=kind(lr=0.1))) == {"a": {"lr": 0.1}}


class Trap:
    def __reduce__(self):
        return print, ("run",)


TRAPS = [
    Trap(),
    argparse.Namespace(a=Trap()),
    np.array([Trap()], object),
    {"state_dict": {"a": Trap()}},
    deque([1]),
    torch.nn.Linear(2, 2),
    print,
]


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("zipped", [True, False])
def test_what_could_run_a_program_is_refused(trap: object, zipped: bool, capsys):
    with pytest.raises(pickle.UnpicklingError):
        loaded(trap, zipped=zipped)
    assert capsys.readouterr().out == ""


def test_an_archive_of_a_program_is_refused(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "traced.pt", "w") as archive:
        archive.writestr("traced/constants.pkl", b"")
        archive.writestr("traced/data.pkl", b"")

    with pytest.raises(pickle.UnpicklingError, match="program"):
        load_torch_file(tmp_path / "traced.pt")


def test_others_may_not_load_more_afterwards():
    loaded({"a": np.float32(1)})
    file = io.BytesIO()
    torch.save(argparse.Namespace(), file)

    with pytest.raises(pickle.UnpicklingError):
        torch.load(io.BytesIO(file.getvalue()), weights_only=True)
