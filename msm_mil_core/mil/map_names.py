"""What people call an attention map: by the number of its stage, or by the class whose own it is."""

import re
from collections.abc import Sequence
from typing import Literal

MapOwner = Literal["stages", "classes"]
"""Whose the attention maps of a model are."""


def map_name(index: int, classes: Sequence[str] = ()) -> str:
    """Return the name of a stage, counted from 1; given the classes whose own the maps are, that of a class's map."""
    return f"Map of {classes[index]}" if classes else f"Stage {index + 1}"


def map_label(index: int, classes: Sequence[str] = ()) -> str:
    """Return the same where there is little room: a number, or the class alone."""
    return classes[index] if classes else str(index + 1)


def map_pair(one: int, other: int, classes: Sequence[str] = ()) -> str:
    """Return the name of two of them."""
    of = "Maps of" if classes else "Stages"
    return f"{of} {map_label(one, classes)} and {map_label(other, classes)}"


def said_of_maps(text: str, classes: Sequence[str]) -> str:
    """Return a text on stages; given the classes whose own the maps are, the same on maps."""
    return re.sub(r"\b([Ss])tage(s?)\b", _of_maps, text) if classes else text


def _of_maps(word: re.Match[str]) -> str:
    return f"{'M' if word[1] == 'S' else 'm'}ap{word[2]}"


def in_sentence(name: str) -> str:
    """Return the name of a map within a sentence: "stage 1", "the map of LUAD"."""
    return f"{'the ' if name.startswith('Map') else ''}{name[:1].lower()}{name[1:]}"
