"""Another program can start every command from what msm-mil describe --json says, without knowing msm-mil."""

import io
import json
import re
import subprocess
import sys

import pytest
from rich.console import Console

from msm_mil_core.cli.app import app, call
from msm_mil_core.cli.command_outputs import COMMAND_OUTPUTS
from msm_mil_core.cli.command_schema import describe_commands
from msm_mil_core.cli.exit_codes import MEANINGS
from tests.core.cli.test_start import call_in_a_process

jsonschema = pytest.importorskip("jsonschema", reason="checks that the arguments are described by a valid JSON Schema")

COMMANDS = tuple(name for name in app if not name.startswith("-"))
OPTION = re.compile(r"--[a-z][\w.-]*")
ELSEWHERE = {"--format", "--no-crop"}
"""What help names beside: a second name of `--to`, and an option of QuPath."""
DESCRIBED = describe_commands(app)["commands"]


def example_of(schema):
    """A value that a JSON Schema of ours allows, other than its default where there are others."""
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0])
    if "enum" in schema:
        return next((each for each in schema["enum"] if each != schema.get("default")), schema["enum"][0])
    if schema["type"] == "array":
        return [example_of(each) for each in schema.get("prefixItems", [schema.get("items")])]
    examples = {
        "boolean": not schema.get("default", False),
        "integer": max(schema.get("minimum", 1), 1),
        "number": min(schema.get("maximum", 0.5), 0.5),
        "string": "1/2" if schema.get("default") == "1/1" else "some",
    }
    return examples[schema["type"]]


def words_of(command, values):
    """Write a call as the description says, in its own words under "calling"."""
    described = DESCRIBED[command]
    words = [command, *(str(each) for name in described["positional"] for each in as_list(values.get(name, [])))]
    for name, value in values.items():
        if name in described["switches"]:
            words.append(name if value else described["switches"][name])
        elif name not in described["positional"]:
            words += [f"{name}={each}" for each in as_list(value)]
    return words


def as_list(value):
    return value if isinstance(value, list) else [value]


def parsed(words):
    _, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
    return bound


def test_the_document_is_printed_and_nothing_heavy_is_imported_for_it(tmp_path):
    codes, imported = call_in_a_process(tmp_path, ["describe", "--json"])

    assert codes == [0]
    assert imported == []


def test_the_document_is_json_and_nothing_else(tmp_path):
    program = "from msm_mil_core.cli.app import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "describe", "--json"], capture_output=True, text=True, check=True
    )

    described = json.loads(done.stdout)
    assert described["schema"] == "msm-mil-commands/1"
    assert set(described["commands"]) == set(COMMANDS) == set(COMMAND_OUTPUTS)
    assert described["exit_codes"] == {str(code): meaning for code, meaning in MEANINGS.items()}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_argument_is_described_by_a_valid_schema(command):
    arguments = DESCRIBED[command]["arguments"]

    jsonschema.Draft202012Validator.check_schema(arguments)
    assert all(each["description"] for each in arguments["properties"].values())
    for name, each in arguments["properties"].items():
        if "default" in each:
            jsonschema.validate(each["default"], each)
        assert name not in DESCRIBED[command]["switches"] or each["type"] == "boolean"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_call_that_is_written_from_the_description_is_understood(command):
    properties = DESCRIBED[command]["arguments"]["properties"]
    required = {name: example_of(properties[name]) for name in DESCRIBED[command]["arguments"]["required"]}
    together = {"--origin", "--custom-origin-px0", "--side-px", "--mpp", "--encoder"}  # one of them asks for another

    for name, schema in properties.items():
        values = {**required, name: example_of(schema)}
        jsonschema.validate(values, DESCRIBED[command]["arguments"])
        if name not in together:
            assert parsed(words_of(command, values)) is not None, name


@pytest.mark.parametrize("command", COMMANDS)
def test_help_lists_what_is_described_and_nothing_else(command):
    console = Console(file=io.StringIO(), width=10_000)
    app.help_print([command], console=console)

    named = {word.rstrip(".") for word in OPTION.findall(console.file.getvalue())}

    assert options_of(command) <= named
    assert named <= {*ELSEWHERE, *(option for each in COMMANDS for option in options_of(each))}
    assert all(name in console.file.getvalue() for name in DESCRIBED[command]["positional"])


def options_of(command) -> set[str]:
    described = DESCRIBED[command]
    names = {*described["arguments"]["properties"], *filter(None, described["switches"].values())}
    return {name for name in names if name.startswith("--")}


def test_what_is_written_is_what_is_meant():
    values = {
        "SLIDES": ["a.svs", "b.svs"],
        "--mpp": 0.25,
        "--overwrite": True,
        "--keep-features": False,
        "--region-class": ["tumour", "stroma"],
        "--tiles.min-tissue": 0.5,
    }

    bound = parsed(words_of("run", values))

    assert [str(slide) for slide in bound.args[0]] == ["a.svs", "b.svs"]
    batch, options = bound.kwargs["batch"], bound.kwargs["options"]
    assert (batch.mpp, batch.overwrite, batch.keep_features) == (0.25, True, False)
    assert batch.region_class == ("tumour", "stroma")
    assert options.tiles.min_tissue == 0.5


def test_what_the_schema_refuses_the_command_refuses():
    values = {"SLIDES": ["a.svs"], "--tiles.min-tissue": 7}

    with pytest.raises(jsonschema.ValidationError, match="7"):
        jsonschema.validate(values, DESCRIBED["run"]["arguments"])
    assert call(words_of("run", values)) == 2


def test_without_json_the_commands_are_listed(capsys):
    assert call(["describe"]) == 0

    listed = capsys.readouterr().out
    assert all(command in listed for command in COMMANDS)
