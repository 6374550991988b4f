"""What a user chooses: a frozen model whose changes are validated, and plain words for what is wrong with a value."""

import math
import re
import reprlib
from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict
from pydantic_core import ErrorDetails

_BOUNDS = {
    "greater_than_equal": ("ge", "too small: the least is {}"),
    "greater_than": ("gt", "too small: it must be more than {}"),
    "less_than_equal": ("le", "too large: the most is {}"),
    "less_than": ("lt", "too large: it must be less than {}"),
}
_KINDS = {"float": "a number", "int": "a whole number", "bool": "true or false", "string": "text", "path": "a path"}
_GROUP = "{} is one value for a group of options: give them one by one"
_WORDS = {
    "missing": "it is missing",
    "extra_forbidden": "there is no such option",
    "string_too_short": "it is empty",
    "too_short": "{} has too few parts",
    "too_long": "{} has too many parts",
    "model_type": _GROUP,
    "dict_type": _GROUP,
}


class Options(BaseModel):
    """Choices that do not change once made; unknown names are refused, docstrings describe the fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed, validated as a new one is.

        Raises
        ------
        pydantic.ValidationError
            If a field does not exist or a value is out of bounds.
        """
        chosen = {name: getattr(self, name) for name in self.model_fields_set}
        return self.model_validate(chosen | changes)


def describe_flaw(error: ErrorDetails) -> str:
    """Say what is wrong with a value, to follow the name of its option: "'0,5' is not a number"."""
    kind, context = error["type"], error.get("ctx", {})
    value = reprlib.repr(error["input"])
    if kind in _BOUNDS and not _is_nan(error["input"]):
        bound, words = _BOUNDS[kind]
        return f"{value} is {words.format(_short(context[bound]))}"
    if kind == "literal_error":
        return f"{value} is not one of {context['expected']}"
    return _of_kind(kind, value) or _other(kind, value, context) or f"{value} cannot be used"


def not_a_number(value: str) -> str:
    """Say that a text is not a number, and how it is written where it has a comma."""
    decimal = re.fullmatch(r"\s*(-?\d+),(\d+)\s*", value)
    return f"{value!r} is not a number" + (f": write {decimal[1]}.{decimal[2]}" if decimal else "")


def _of_kind(kind: str, value: str) -> str:
    for start, words in _KINDS.items():
        if kind.startswith(f"{start}_") and kind.endswith(("_parsing", "_type", "_from_float", "_parsing_size")):
            return f"{value} is not {words}" if start != "float" else not_a_number(value.strip("'"))
    if kind in (*_BOUNDS, "finite_number"):
        return f"{value} is not a number"
    return ""


def _other(kind: str, value: str, context: Mapping[str, Any]) -> str:
    if kind == "value_error":  # of a rule of our own, which says it
        return str(context["error"])
    return _WORDS.get(kind, "").format(value)


def _short(bound: object) -> str:
    return f"{bound:g}" if isinstance(bound, float) else str(bound)


def _is_nan(value: object) -> bool:
    try:
        return math.isnan(float(value))  # type: ignore[arg-type]  # whatever else it is, it is no NaN
    except (TypeError, ValueError, OverflowError):
        return False
