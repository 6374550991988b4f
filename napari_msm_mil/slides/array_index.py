"""Which positions an index of numpy's kind means on the axes of a picture."""

import operator
from types import EllipsisType
from typing import SupportsIndex, TypeAlias

AxisIndex: TypeAlias = SupportsIndex | slice
Index: TypeAlias = AxisIndex | EllipsisType


def per_axis(key: Index | tuple[Index, ...]) -> tuple[AxisIndex, ...]:
    """Spell a key out: one index for each of the three axes."""
    given = key if isinstance(key, tuple) else (key,)
    spelt = [index for index in given if not isinstance(index, EllipsisType)]
    missing = [slice(None)] * (3 - len(spelt))
    if len(spelt) > 3 or len(given) - len(spelt) > 1:
        raise IndexError(f"a slide has rows, columns and colours; got {key}")
    dots = next((at for at, index in enumerate(given) if isinstance(index, EllipsisType)), len(spelt))
    return (*spelt[:dots], *missing, *spelt[dots:])


def wanted_positions(index: AxisIndex, length: int) -> range:
    """Return what an index means on an axis, ascending."""
    if isinstance(index, slice):
        wanted = range(length)[index]
        return wanted[::-1] if wanted.step < 0 else wanted
    at = range(length)[operator.index(index)]
    return range(at, at + 1)


def within(index: AxisIndex) -> int | slice:
    """Return what turns the wanted positions into what the index asks for."""
    if isinstance(index, slice):
        return slice(None, None, -1 if (index.step or 1) < 0 else 1)
    return 0
