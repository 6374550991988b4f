"""The commands, each imported when it is asked for: `commands:running.run` is what `run` of `cli/running/run.py` does.

cyclopts takes a command by module and name; here names are found by what a module does for names it does not have.
"""

from importlib import import_module

from cyclopts import App, ArgumentCollection, Parameter


class Command(App):
    """A command that reads no source where its options say themselves what they are, as those of pydantic do.

    For help cyclopts looks for docstrings in the source of every class of options and of its bases, the long one of
    pydantic among them. That takes more time than all the rest of a help.
    """

    def assemble_argument_collection(
        self, *, default_parameter: Parameter | None = None, parse_docstring: bool = False
    ) -> ArgumentCollection:
        """Return the arguments; with `parse_docstring` each with its help."""
        arguments = super().assemble_argument_collection(default_parameter=default_parameter)
        if not parse_docstring:
            return arguments
        self._take_docstring(arguments)
        if all(argument.parameter.help or argument.children for argument in arguments):
            return arguments
        return super().assemble_argument_collection(default_parameter=default_parameter, parse_docstring=True)

    def _take_docstring(self, arguments: ArgumentCollection) -> None:
        """Give the function's own arguments the help of its docstring."""
        from docstring_parser import parse  # not needed to run a command

        said = {param.arg_name: param.description for param in parse(self.default_command.__doc__).params}
        for argument in arguments:
            if not argument.keys and argument.parameter.help is None:
                told = Parameter(help=said.get(argument.field_info.name))
                argument.parameter = Parameter.combine(argument.parameter, told)


def __getattr__(place: str) -> Command:
    """Import a command by its room and name, or by its name alone."""
    if place.startswith("__"):
        raise AttributeError(place)
    name = place.rpartition(".")[2]
    command = Command(name=name.replace("_", "-"))
    command.default(getattr(import_module(f"msm_mil_core.cli.{place}"), name))
    return command
