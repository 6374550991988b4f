"""Names come from files and are shown as they are: they neither style nor steer the terminal."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text

from msm_mil_core.cli.console import _PlainConsole, printable

NAMES = {
    "S1 [he].tif": "S1 [he].tif",
    "[red]S1[/red] :smile:": "[red]S1[/red] :smile:",
    "S1 [/he].tif": "S1 [/he].tif",
    "a\x1b[2J\x1b]0;title\x07b": r"a\x1b[2J\x1b]0;title\x07b",
    "Schnitt-\udce4.svs": r"Schnitt-\udce4.svs",
    "gnp\u202egpj.exe": r"gnp\u202egpj.exe",
    "zero\0byte\x9b1m": r"zero\x00byte\x9b1m",
    "Gewebe\u200dprobe µ 組織": "Gewebe\u200dprobe µ 組織",
    "": "",
    "../../etc": "../../etc",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_shown_as_it_is_in_lines_tables_and_titles(name: str):
    stream = io.StringIO()
    console = _PlainConsole(file=stream, width=200, force_terminal=False)
    table = Table("name", name, title=name)
    table.add_row(name, "x")

    console.print(name, soft_wrap=True)
    console.print(table)

    assert stream.getvalue().count(NAMES[name]) >= 4


@given(text=st.text(st.characters()))
def test_nothing_that_is_printed_steers_a_terminal(text: str):
    stream = io.StringIO()
    console = _PlainConsole(file=stream, width=80, force_terminal=False)

    console.print(text)
    console.print(Text(text))

    assert all(letter == "\n" or printable(letter) == letter for letter in stream.getvalue())
    stream.getvalue().encode("utf-8")


def test_a_terminal_still_gets_its_colours():
    stream = io.StringIO()

    _PlainConsole(file=stream, force_terminal=True, color_system="standard").print("plain", style="red")

    assert stream.getvalue() == "\x1b[31mplain\x1b[0m\n"
