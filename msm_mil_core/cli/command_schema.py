"""The commands of msm-mil as one JSON document, from which another program can start them."""

from inspect import cleandoc
from typing import Any

from cyclopts import App, Argument
from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from msm_mil_core import __version__
from msm_mil_core.cli.command_outputs import COMMAND_OUTPUTS
from msm_mil_core.cli.exit_codes import MEANINGS

SCHEMA = "msm-mil-commands/1"
CALLING = (
    "The words of a call: msm-mil, the command, the values of its positional arguments in their order, and each option "
    "with its value: NAME=VALUE; of a list, NAME=VALUE for each item. A switch that is true is its name alone, one "
    "that is false the name that switches it off. What is left out has its default. Results go to the standard output, "
    "messages to the standard error."
)
EVERY_COMMAND = {
    "--config": {"type": "string", "format": "path", "description": "TOML file of options, a table a command."},
    "--debug": {"type": "boolean", "description": "Show where an error came from."},
    "--help": {"type": "boolean", "description": "Print the help of the command and do nothing else."},
}


def describe_commands(app: App) -> dict[str, Any]:
    """Return every command with its arguments as a JSON Schema, what it leaves behind, and what exit codes mean."""
    names = [name for name in app if not name.startswith("-")]
    return {
        "schema": SCHEMA,
        "program": "msm-mil",
        "version": __version__,
        "research_use": "Research use, not for diagnosis.",
        "calling": CALLING,
        "exit_codes": {str(code): meaning for code, meaning in MEANINGS.items()},
        "every_command": EVERY_COMMAND,
        "commands": {name: _command(name, app[name]) for name in names},
    }


def _command(name: str, command: App) -> dict[str, Any]:
    arguments = [argument for argument in command.assemble_argument_collection(parse_docstring=True) if argument.parse]
    named = {_name(argument): argument for argument in arguments if not _is_group(argument)}
    outputs = COMMAND_OUTPUTS[name]
    return {
        "help": _help(command.help),
        "positional": [name for name, argument in named.items() if argument.index is not None],
        "switches": {
            name: next(iter(argument.negatives), None)
            for name, argument in named.items()
            if _kind(argument).get("type") == "boolean"
        },
        "arguments": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {name: _property(argument) for name, argument in named.items()},
            "required": [name for name, argument in named.items() if argument.required],
            "additionalProperties": False,
        },
        "prints": outputs.prints,
        "writes": list(outputs.writes),
        "exit_codes": list(outputs.exit_codes),
    }


def _help(docstring: str) -> str:
    """Return what a command does, in paragraphs, without its parameters, which are told one by one."""
    return cleandoc(docstring).partition("\n\nParameters\n---")[0]


def _name(argument: Argument) -> str:
    return next(iter(argument.names))


def _is_group(argument: Argument) -> bool:
    """Return whether an argument only holds others: no word stands for it."""
    return bool(argument.children) or _name(argument) == "*"


def _property(argument: Argument) -> dict[str, Any]:
    """Return the JSON Schema of the values of an argument, with what it is and what it is when it is left out."""
    found = {**_kind(argument), "description": " ".join((argument.parameter.help or "").split())}
    default = argument.field_info.default
    if default is argument.field_info.empty or default is None:
        return found
    return {**found, "default": to_jsonable_python(default)}


def _kind(argument: Argument) -> dict[str, Any]:
    """Return the JSON Schema of the values, without null: that is said by leaving the argument out."""
    kind = TypeAdapter(argument.field_info.annotation).json_schema()  # the bounds are in the annotation alone
    given = [each for each in kind.get("anyOf", [kind]) if each.get("type") != "null"]
    return given[0] if len(given) == 1 else {"anyOf": given}
