"""What is wrong with the options that a user typed, in one sentence with their names as they were typed."""

from collections.abc import Iterable
from typing import get_args

import pydantic
from cyclopts import Argument, CoercionError, CycloptsError
from pydantic_core import ErrorDetails

from msm_mil_core.options import describe_flaw, not_a_number

MOST_FLAWS = 3
_KINDS = {float: "a number", int: "a whole number", bool: "true or false"}


def describe_wrong_use(exc: CycloptsError | pydantic.ValidationError) -> str:
    """Say in one sentence which option cannot be used, and why."""
    if isinstance(exc, pydantic.ValidationError):
        return _flaws(exc, None)
    if isinstance(exc.__cause__, pydantic.ValidationError):
        return _flaws(exc.__cause__, exc.argument)
    kind = _kind(exc.target_type) if isinstance(exc, CoercionError) else None
    if isinstance(exc, CoercionError) and exc.token is not None and kind is not None:
        name = exc.token.keyword or (exc.argument.name if exc.argument else "")
        return f"{name}: {_not_of(kind, exc.token.value)}."
    return str(exc)


def _kind(target: object) -> type | None:
    """Return the kind of value that was asked for, which may be left out; None if it is another one."""
    return next((kind for kind in _KINDS if target is kind or kind in get_args(target)), None)


def _not_of(kind: type, value: str) -> str:
    return not_a_number(value) if kind is float else f"{value!r} is not {_KINDS[kind]}"


def _flaws(exc: pydantic.ValidationError, group: Argument | None) -> str:
    errors = exc.errors(include_url=False)
    said = [_flaw(error, group) for error in errors[:MOST_FLAWS]]
    more = f" and {len(errors) - MOST_FLAWS} more" if len(errors) > MOST_FLAWS else ""
    return f"{'; '.join(said)}{more}."


def _flaw(error: ErrorDetails, group: Argument | None) -> str:
    fields = tuple(str(step) for step in error["loc"] if isinstance(step, str))
    what = describe_flaw(error).rstrip(".")
    name = _typed_name(fields, group)
    return f"{name}: {what}" if name else what


def _typed_name(fields: tuple[str, ...], group: Argument | None) -> str:
    """Return the option of a field as it was typed; if it was not, as it is listed by --help."""
    if not fields:
        return ""
    for argument in _all_of(group):
        if group is not None and argument.keys == (*group.keys, *fields):
            typed = [token.keyword for token in argument.tokens if token.keyword]
            return typed[0] if typed else argument.name
    return f"--{'.'.join(fields).replace('_', '-')}"


def _all_of(group: Argument | None) -> Iterable[Argument]:
    if group is None:
        return
    for child in group.children:
        yield child
        yield from _all_of(child)
