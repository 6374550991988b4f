"""Commands know the help of their arguments without reading source."""

import json
import subprocess
import sys

import pytest
from cyclopts import App

from msm_mil_core.cli.app import app

COMMANDS = tuple(name for name in app if not name.startswith("-"))
PROBE = """
import json, linecache, sys
from msm_mil_core.cli.app import call
code = call([sys.argv[1], "--help"])
print(json.dumps([code, [path for path in linecache.cache if "pydantic" in path]]))
"""


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_arguments_is_what_cyclopts_finds_in_the_source(name: str):
    command = app[name]

    quick = command.assemble_argument_collection(parse_docstring=True)

    slow = App.assemble_argument_collection(command, parse_docstring=True)
    assert [each.name for each in quick] == [each.name for each in slow]
    for mine, theirs in zip(quick, slow, strict=True):
        assert mine.parameter.help == theirs.parameter.help
        assert mine.parameter.help or mine.children


@pytest.mark.parametrize("name", ["run", "train", "whatif"])
def test_help_reads_no_source_of_pydantic(name: str):
    done = subprocess.run([sys.executable, "-c", PROBE, name], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout.splitlines()[-1]) == [0, []]


def test_a_command_is_named_as_it_is_typed():
    assert app["import-model"].name == ("import-model",)


def test_what_is_no_command_is_no_attribute():
    from msm_mil_core.cli import commands

    assert not hasattr(commands, "__wrapped__")
