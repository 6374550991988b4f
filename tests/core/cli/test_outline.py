"""Help and wrong words are answered at once, and as the commands themselves would."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from msm_mil_core.cli import app, outline
from msm_mil_core.cli.app import COMMANDS, call
from msm_mil_core.cli.outline import Surface, describe_wrong_words, find_outline, surface_crc
from msm_mil_core.cli.record_outline import record_outline

HEAVY = {"torch", "scipy", "h5py", "matplotlib", "skimage", "numpy", "pydantic", "openslide", "cyclopts"}


def modules_after(words: list[str]) -> tuple[int, set[str]]:
    """Run the command line in a process of its own; return its exit code and the libraries that it imported."""
    script = (
        "import json, sys; from msm_mil_core.cli.app import call; code = call(json.loads(sys.argv[1]));"
        "print(json.dumps([code, sorted(sys.modules)]))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, json.dumps(words)], capture_output=True, text=True, check=True
    )
    code, modules = json.loads(ended.stdout.splitlines()[-1])
    return code, {name.partition(".")[0] for name in modules}


def test_the_outline_is_that_of_the_commands():
    recorded = record_outline()

    found = {name: find_outline(name) for name in ("", *COMMANDS)}

    assert found == recorded, "record it again: python -m msm_mil_core.cli.record_outline"


@pytest.mark.parametrize("words", [[], ["--help"], *([name, "--help"] for name in COMMANDS)], ids=" ".join)
def test_help_imports_no_heavy_library(words):
    code, loaded = modules_after(words)

    assert code == 0
    assert not HEAVY & loaded


@pytest.mark.parametrize("words", [["run", "a.svs", "--modle", "b"], ["run", "no/such.svs"], ["compare", "--nix"]])
def test_wrong_use_imports_no_heavy_library(words):
    code, loaded = modules_after(words)

    assert code == 2
    assert not HEAVY & loaded


@pytest.mark.parametrize("name", COMMANDS)
def test_help_names_every_option(name, capsys):
    found = find_outline(name)

    assert found is not None
    assert call([name, "--help"]) == 0
    shown = set(capsys.readouterr().out.split())
    rows = [row for panel in found.page.panels for row in panel.rows]
    assert all(set(" ".join(row.names).split()) <= shown for row in rows)


UNKNOWN = [
    ["run", "a.svs", "--maks", "always"],
    ["run", "a.svs", "--out", "b", "--nonsense=3"],
    ["run", "--tiles.side", "3", "a.svs"],
    ["export", "a", "--to", "csv", "--topk", "3"],
    ["train", "a", "--labels", "b", "--out", "c", "--epoch", "3"],
]


@pytest.mark.parametrize("words", UNKNOWN, ids=" ".join)
def test_an_unknown_option_is_named_as_the_library_names_it(words, capsys, monkeypatch):
    quick = call(words), capsys.readouterr().err
    monkeypatch.setattr(app, "find_outline", lambda _: None)

    slow = call(words), capsys.readouterr().err

    assert quick == slow


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["here.svs"], "the file exists"),
        (["here.svs", "gone.svs"], "one of the files exists"),
        (["*.svs"], "a pattern"),
        (["--", "--gone.svs"], "not an option"),
        (["gone.svs", "--mpp", "0,5"], "the number has to be looked at first"),
        (["here.svs", "--tiles.side_px", "9"], "another way to write the same"),
        (["here.svs", "--model", "--odd-name"], "a value that looks like an option"),
        ([], "the command says what is missing"),
    ],
)
def test_what_the_outline_cannot_judge_is_left_to_the_command(words, why, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.svs").touch()
    found = find_outline("run")

    assert found is not None
    assert not describe_wrong_words(words, found), why


def test_a_flag_does_not_hide_that_a_file_is_missing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = find_outline("run")

    assert found is not None
    assert "gone.svs" in describe_wrong_words(["--overwrite", "--model", "m", "gone.svs"], found)


def test_an_outline_counts_only_while_its_source_is_the_same(tmp_path):
    source = tmp_path / "options.py"
    source.write_text("class Options:\n    one: int\n\ndef body(): ...\n")
    surface = Surface(str(source), 2, surface_crc(source, 2))

    source.write_text("class Options:\n    one: int\n\ndef another_body(): ...\n")
    assert surface.is_current()

    source.write_text("class Options:\n    two: int\n\ndef another_body(): ...\n")
    assert not surface.is_current()
    assert not replace(surface, file="gone.py").is_current()


def test_without_an_outline_help_still_comes(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(outline, "OUTLINE", tmp_path / "gone.json")

    assert call(["doctor", "--help"]) == 0
    assert "Check what works on this machine" in capsys.readouterr().out
