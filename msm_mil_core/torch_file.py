"""Reads PyTorch's files for what is data in them: no program in a file is ever run."""

import io
import pickle
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

PROGRAM = "/constants.pkl"
"""What a TorchScript archive holds and a file of tensors does not."""
NUMPY = ("numpy.core.multiarray", "numpy._core.multiarray")
"""Where numpy's numbers and arrays come from, in files of its first and of its second version."""
OBJECTS = (
    *("argparse.Namespace", "types.SimpleNamespace", "easydict.EasyDict", "datetime.datetime", "datetime.timedelta"),
    *(f"{module}.{flavour}Path" for module in ("pathlib", "pathlib._local") for flavour in ("", "Posix", "Windows")),
    *(f"pathlib.Pure{flavour}Path" for flavour in ("", "Posix", "Windows")),
    *("omegaconf.dictconfig.DictConfig", "omegaconf.listconfig.ListConfig", "omegaconf.base.Metadata"),
    *("omegaconf.base.ContainerMetadata", "typing.Any"),
    *(f"omegaconf.nodes.{kind}Node" for kind in ("Any", "String", "Integer", "Float", "Boolean")),
)
"""What training programs keep beside weights, options above all: read as objects that hold nothing and do nothing."""
MAPPINGS = (
    "collections.defaultdict",
    *(f"{root}.utilities.parsing.AttributeDict" for root in ("pytorch_lightning", "lightning.pytorch")),
    *(f"{root}.utilities.data.AttributeDict" for root in ("lightning_fabric", "lightning.fabric")),
)
"""Mappings of their own kinds, read as dictionaries."""
FACTORIES = tuple(f"builtins.{kind}" for kind in ("list", "dict", "int", "float", "str"))
"""What such a mapping makes of a missing name."""
TELLS_NAMES = "2.7"
"""PyTorch from which it can be told by name what is harmless; earlier versions refuse all that is no tensor."""

_one_at_a_time = Lock()
"""What is harmless is told to the whole process."""


class Inert:
    """Stands for an object of a type that is not read."""

    def __new__(cls, *_: object, **__: object) -> "Inert":
        """Take any arguments, and forget them."""
        return super().__new__(cls)

    def __init__(self, *_: object, **__: object) -> None:
        """Take any arguments, and forget them."""

    def __setstate__(self, state: object) -> None:
        """Forget the state."""


def load_torch_file(source: Path | io.BytesIO, *, mmap: bool = False) -> Any:
    """Load tensors, numbers, numpy's arrays, texts and containers of them; options that lie beside them are left out.

    Raises
    ------
    pickle.UnpicklingError
        If the file holds anything else: it could run a program.
    """
    import torch

    packed = zipfile.is_zipfile(source)
    if packed and _is_program(source):
        raise pickle.UnpicklingError("a TorchScript archive is a program")
    _rewind(source)
    with _harmless():
        return torch.load(source, map_location="cpu", weights_only=True, mmap=mmap and packed)


def _is_program(source: Path | io.BytesIO) -> bool:
    _rewind(source)
    try:
        with zipfile.ZipFile(source) as archive:
            return any(name.endswith(PROGRAM) for name in archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False  # damaged, which PyTorch tells


def _rewind(source: Path | io.BytesIO) -> None:
    if isinstance(source, io.BytesIO):
        source.seek(0)


@contextmanager
def _harmless() -> Iterator[None]:
    """Let PyTorch build what is known to be data."""
    import torch

    if torch.torch_version.TorchVersion(torch.__version__) < TELLS_NAMES:
        yield
        return
    with _one_at_a_time, torch.serialization.safe_globals(list(_allowed())):
        yield


def _allowed() -> Iterator[tuple[Callable[..., Any], str]]:
    from numpy._core import multiarray

    yield from ((getattr(multiarray, name), f"{room}.{name}") for room in NUMPY for name in ("scalar", "_reconstruct"))
    yield from ((kind, f"numpy.{kind.__name__}") for kind in (np.ndarray, np.dtype))
    dtypes = {type(np.dtype(code)) for code in np.typecodes["All"] if code != "O"}
    yield from ((kind, f"numpy.dtypes.{kind.__name__}") for kind in dtypes)
    yield from ((Inert, name) for name in (*OBJECTS, *FACTORIES))
    yield _empty, "builtins.bytes"
    yield from ((_as_dict, name) for name in MAPPINGS[:1])
    yield from ((dict, name) for name in MAPPINGS[1:])


def _empty(*_: object) -> bytes:
    """Return the only bytes that a pickle makes by this name."""
    return b""


def _as_dict(*_: object) -> dict[object, object]:
    return {}
