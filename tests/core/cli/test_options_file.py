"""--config FILE: every command takes its options from a TOML file; what the file names wrongly is refused by name."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from msm_mil_core.cli.app import app, call
from msm_mil_core.cli.options_file import read_options_file, take_options_file
from msm_mil_core.errors import OptionsFileError
from tests.core.cli.test_describe import DESCRIBED, example_of

COMMANDS = tuple(DESCRIBED)


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a file of options in the folder in which msm-mil is called."""
    monkeypatch.chdir(tmp_path)

    def write(text):
        Path("lab.toml").write_text(text, encoding="utf-8")

    return write


def parsed(words):
    words, files = take_options_file(words, COMMANDS)
    app.config = files
    try:
        return app.parse_args(words, exit_on_error=False, print_error=False)[1]
    finally:
        app.config = ()


def test_options_come_from_the_table_of_the_command(write):
    run = '[run]\nmpp = 0.25\nkeep-features = false\nregion-class = ["a", "b"]\n[run.tiles]\nmin_tissue = 0.5\n'
    write(f"{run}[train]\nepochs = 3\n")

    bound = parsed(["run", "a.svs", "--config", "lab.toml"])

    batch, options = bound.kwargs["batch"], bound.kwargs["options"]
    assert (batch.mpp, batch.keep_features, batch.region_class) == (0.25, False, ("a", "b"))
    assert options.tiles.min_tissue == 0.5


def test_what_is_typed_counts_more(write):
    write("[run]\nmpp = 0.25\nreader = 'openslide'\n")

    batch = parsed(["run", "a.svs", "--config=lab.toml", "--mpp", "0.5"]).kwargs["batch"]

    assert (batch.mpp, batch.reader) == (0.5, "openslide")


def test_one_call_leaves_nothing_for_the_next(write, capsys):
    write("[run]\nshard = 'x'\n")

    call(["run", str(Path(__file__)), "--config", "lab.toml"])
    first = capsys.readouterr().err
    call(["run", "no.svs"])

    assert "'x' is no share" in first
    assert "There is no no.svs" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_every_option_of_its_own_from_a_file(write, command):
    properties = DESCRIBED[command]["arguments"]["properties"]
    for name, schema in properties.items():
        if name.startswith("--"):
            write(f"[{command}]\n{name.removeprefix('--')} = {as_toml(example_of(schema))}\n")
            known = read_options_file(Path("lab.toml"), COMMANDS)
            arguments = app[command].assemble_argument_collection()

            with app.app_stack([command]):
                known(app[command], (command,), arguments)

            assert [token.source for argument in arguments for token in argument.tokens], name


def as_toml(value):
    if isinstance(value, list):
        return f"[{', '.join(map(as_toml, value))}]"
    return str(value).lower() if isinstance(value, bool) else repr(value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[run]\nfoo = 3\n", "lab.toml: run.foo is no option of msm-mil run. msm-mil run --help lists them."),
        (
            "[run.tiles]\nfoo = 3\n",
            "lab.toml: run.tiles.foo is no option of msm-mil run. msm-mil run --help lists them.",
        ),
        ("[run]\nslides = ['a']\n", "lab.toml: run.slides is no option of msm-mil run. msm-mil run --help lists them."),
        (
            "[rum]\nmpp = 3\n",
            "lab.toml: rum is no command of msm-mil. Options stand below the name of their command, as in [run].",
        ),
        (
            "mpp = 3\n",
            "lab.toml: mpp is no command of msm-mil. Options stand below the name of their command, as in [run].",
        ),
        ("run = 3\n", "lab.toml: run is a value. Write its options below a line [run]."),
        ("\ufeff[run]\nmpp = 3\n", "lab.toml begins with a mark (BOM). Save it as UTF-8 without one."),
        ("[run.tiles]\nmpp = [1]\n", "lab.toml: run.tiles.mpp: [1] is not one value. Write it without brackets."),
        ("[run]\njobs = true\n", "lab.toml: run.jobs: 'True' is not a whole number."),
        ("[run]\nmpp = '0,5'\n", "lab.toml: run.mpp: '0,5' is not a number: write 0.5."),
        ("[run.tiles]\nmin_tissue = 7\n", "lab.toml: run.tiles.min_tissue: '7' is too large: the most is 1."),
        ("[run]\nmasks = 'maybe'\n", "lab.toml: run.masks: 'maybe' is not one of 'checkpoint', 'always' or 'never'."),
        ("[run]\ntiles = 3\n", "lab.toml: run.tiles: '3' is one value for a group of options: give them one by one."),
    ],
)
def test_what_cannot_be_used_is_said_with_file_and_key(write, capsys, text, sentence):
    write(text)

    assert call(["run", "a.svs", "--config", "lab.toml"]) == 2
    assert " ".join(capsys.readouterr().err.split()) == f"msm-mil: {sentence}"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--config"], "takes one TOML file"),
        (["--config", "a.toml", "--config=b.toml"], "takes one TOML file"),
        (["--config", "."], ". cannot be read: Is a directory. Name a TOML file."),
        (["--config", "no.toml"], "There is no options file no.toml"),
    ],
)
def test_a_file_that_is_not_there_is_said(write, capsys, words, said):
    assert call(["run", "a.svs", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_word_after_two_hyphens_is_a_name(write):
    words = ["run", "--", "--config"]

    assert take_options_file(words, COMMANDS) == (words, ())


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
@example(b"\r")
def test_whatever_is_in_a_file_it_is_options_or_is_refused_by_name(tmp_path_factory, content):
    file = tmp_path_factory.getbasetemp() / "drawn.toml"
    file.write_bytes(content)

    try:
        read_options_file(file, COMMANDS)
    except OptionsFileError as exc:
        assert str(file) in str(exc)
    else:
        assert set(tomllib.loads(content.decode())) <= set(COMMANDS)
