"""Whatever a slide is called, the files made of it lie where they should."""

import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.file_names import file_stem

NAMES = {
    "S1 [he].tif": "S1 [he]",
    "Präparat 3.ome.tif": "Präparat 3.ome",
    "../../etc/passwd": "passwd",
    r"C:\slides\a.svs": "a",
    "": "_",
    "..": "_",
    "con.svs": "_con",
    "zero\0byte\n.svs": "zero_byte_",
    "Schnitt-\udce4.svs": "Schnitt-_",
    "a?b*c.svs": "a_b_c",
}


@pytest.mark.parametrize("name", NAMES)
def test_the_usual_name_stays_and_an_odd_one_becomes_harmless(name: str):
    assert file_stem(name) == NAMES[name]


@given(name=st.text(st.characters(), max_size=300))
def test_any_name_becomes_one_that_any_system_takes(name: str):
    stem = file_stem(name)

    assert PurePosixPath(stem).name == PureWindowsPath(stem).name == stem != ".."
    assert 0 < len(stem.encode()) <= 121
    assert not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in stem)
