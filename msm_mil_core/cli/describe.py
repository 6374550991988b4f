"""msm-mil describe: the commands, for other programs that start them."""

import json
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from msm_mil_core.cli.console import out


def describe(*, as_json: Annotated[bool, Parameter(name="--json", negative="")] = False) -> int:
    """List the commands and what each writes; with --json, everything that another program needs to start them.

    That is, for each command, its arguments as a JSON Schema (types, bounds, choices, defaults, what must be given),
    how they become words of a call, what it writes and prints, and its exit codes.

    Parameters
    ----------
    as_json
        Print one JSON document instead of a table.
    """
    from msm_mil_core.cli.app import app  # it imports this command
    from msm_mil_core.cli.command_schema import describe_commands

    described = describe_commands(app)
    if as_json:
        print(json.dumps(described, indent=1))
        return 0
    table = Table("command", "what it does", "what it writes", title="msm-mil", title_justify="left")
    for name, command in described["commands"].items():
        table.add_row(name, command["help"].partition("\n")[0], "\n".join(command["writes"]))
    out.print(table)
    return 0
