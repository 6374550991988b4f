"""Short names of the layers of results: what is shown, and only where several are open, of which result."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.layers.layer_data import TITLE
from napari_msm_mil.layers.layer_search import result_layers

if TYPE_CHECKING:
    from napari.layers import Layer

OWNER = "owner"
"""Key in the metadata of a layer: of which result it is, as its name says it."""


def owner_of(result: SlideResult, run: int, results: Sequence[SlideResult]) -> str:
    """Say to which of several results a layer belongs: its slide if there are others, its run if it is not the first.

    Nothing where it is the only result: the slide's own layer has its name.
    """
    slides = {other.slide.name for other in (result, *results)}
    slide = [PurePath(result.slide.name).stem] if len(slides) > 1 else []
    return " · ".join([*slide, *([f"run {run}"] if run > 1 else [])])


def retitle(layer: Layer, title: str) -> None:
    """Say that a layer shows something else now; a name that the user typed stays."""
    _rename(layer, {TITLE: title})


def name_owners(layers: Iterable[Layer], results: Sequence[SlideResult]) -> None:
    """Let the layers of results say to which one they belong, as far as that is in doubt."""
    for layer in result_layers(layers):
        _rename(layer, {OWNER: owner_of(layer.metadata["result"], layer.metadata.get("run", 1), results)})


def _rename(layer: Layer, changes: dict[str, str]) -> None:
    typed = TITLE not in layer.metadata or _without_count(layer.name) != _name(layer)
    layer.metadata.update(changes)
    if not typed and _without_count(layer.name) != _name(layer):
        layer.name = _name(layer)


def _name(layer: Layer) -> str:
    return " · ".join(filter(None, (layer.metadata[TITLE], layer.metadata.get(OWNER, ""))))


def _without_count(name: str) -> str:
    """Drop the number that napari appends where two layers have one name."""
    return re.sub(r" \[\d+\]$", "", name)
