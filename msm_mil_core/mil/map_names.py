"""What people call an attention map: by the number of its stage, or by the class whose own it is."""

from collections.abc import Sequence
from typing import Literal

MapOwner = Literal["stages", "classes"]
"""Whose the attention maps of a model are."""


def map_name(index: int, classes: Sequence[str] = ()) -> str:
    """Return the name of a stage, counted from 1; of the classes' own maps, given their names, that of a class."""
    return f"Map of {classes[index]}" if classes else f"Stage {index + 1}"


def map_names(owner: MapOwner, classes: Sequence[str], count: int) -> tuple[str, ...]:
    """Return the names of all maps of a model, in their order."""
    return tuple(map_name(index, classes if owner == "classes" else ()) for index in range(count))


def in_sentence(name: str) -> str:
    """Return the name of a map within a sentence; the name of a class stays as it is written."""
    return name[:1].lower() + name[1:]
