"""The text of a Groovy script: a template with a head of values that QuPath's script editor shows first."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from msm_mil_core.errors import OutputError

Value: TypeAlias = "bool | int | float | str | Sequence[Value] | Mapping[str, Value]"

MARK = "// Written by napari-msm-mil; the next export replaces it: edit a copy."
"""The first line of each script."""
_SHORT = {"\\": r"\\", "'": r"\'", "\n": r"\n", "\r": r"\r"}  # an escaped code of a line's end would end the literal
PLACE = "//@VALUES@"
"""Where the values go in a template."""
SHOWING = "//@show_stage@"
"""Where the part goes that several scripts share."""


def fill_template(name: str, values: Mapping[str, Value]) -> str:
    """Return the script of a template, with its values as variables; all of it is ASCII, whatever they hold."""
    template = _template(name).replace(SHOWING, _template("show_stage").rstrip())
    head = "\n".join(f"def {variable} = {groovy_literal(value)}" for variable, value in values.items())
    before, after = template.split(PLACE)
    return f"{MARK}\n{before}{head}{after}"


def _template(name: str) -> str:
    return Path(__file__).with_name(f"{name}.groovy").read_text(encoding="ascii")


def groovy_literal(value: Value) -> str:
    """Return a value as Groovy writes it.

    Raises
    ------
    ValueError
        If it is neither text, a number, true or false, nor a list or map of those.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return f"'{''.join(map(_escaped, value))}'"
    if isinstance(value, Mapping):
        items = ", ".join(f"({groovy_literal(key)}): {groovy_literal(each)}" for key, each in value.items())
        return f"[{items or ':'}]"
    if isinstance(value, Sequence):
        return f"[{', '.join(map(groovy_literal, value))}]"
    raise ValueError(f"Groovy has no literal for {value!r}")


def check_script(path: Path) -> None:
    """Refuse to replace a file that no export wrote.

    Raises
    ------
    OutputError
        If there is one.
    """
    try:
        with path.open("rb") as file:
            ours = file.readline().strip() == MARK.encode()
    except (OSError, ValueError):  # there is none; or whoever writes it will say why that is not possible
        return
    if not ours:
        raise OutputError(f"{path} was not written by an export, so it is not replaced. Rename it, and export again.")


def _escaped(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    if " " <= character <= "~":
        return character
    units = character.encode("utf-16-be", "surrogatepass")  # Java's characters, two for those beyond the first plane
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
