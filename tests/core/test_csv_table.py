"""A table is text and numbers: no spreadsheet runs a cell, and our readers get back what was written."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.csv_table import as_text, harmless, write_table

texts = st.text() | st.text("='+-@\t\r\n;, 1e.\"＝")


@given(text=texts)
def test_text_comes_back_and_no_cell_begins_a_formula(text: str):
    cell = harmless(text)

    assert as_text(cell) == text
    assert cell == text or cell.replace("'", "") == text.replace("'", "")
    pieces = cell.replace("\t", ";").replace("\r", ";").replace("\n", ";").split(";")
    assert is_number(cell) or not any(piece.startswith(tuple("=+-@＝＋－＠")) for piece in pieces)
    assert not cell.startswith(("\t", "\r", "\n"))


@given(rows=st.lists(st.tuples(texts, st.integers(), texts, st.floats(allow_nan=False))))
def test_a_table_is_read_back_by_any_reader_of_csv(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("tables") / "table.csv"

    write_table(path, ("=name", "count", "note", "share"), rows)

    with path.open(encoding="utf-8", newline="") as file:
        head, *lines = csv.reader(file)
    assert head == ["'=name", "count", "note", "share"]
    back = [(as_text(name), int(count), as_text(note), float(share)) for name, count, note, share in lines]
    assert back == rows


@pytest.mark.parametrize("number", ["-0.5", "+1", "-1e-07", "-inf", "12"])
def test_text_that_is_a_number_stays_one(number: str):
    assert harmless(number) == number


def test_nothing_is_an_empty_cell_and_odd_names_are_escaped(tmp_path: Path):
    write_table(tmp_path / "table.csv", ("a", "b"), [(None, "Schnitt-\udce4")])

    assert (tmp_path / "table.csv").read_text(encoding="utf-8") == "a,b\n,Schnitt-\\udce4\n"


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
