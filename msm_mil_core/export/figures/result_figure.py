"""One picture of a result: the slide, what speaks for the answer, where each stage attended, the classes."""

import textwrap
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.display.heatmap import Contrast
from msm_mil_core.errors import OutputError
from msm_mil_core.export.figures.layout import MARGIN_IN, FigureLayout, lay_out
from msm_mil_core.export.figures.panels import (
    INK,
    SOFT_INK,
    Ground,
    draw_evidence,
    draw_probabilities,
    draw_slide,
    draw_stage,
    draw_weights,
    literal,
)
from msm_mil_core.export.tables.roles import AnswerRoles, answer_roles
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.slide import Slide
from msm_mil_core.slides.tiling.tiles import TileGrid

DPI = 170
AROUND = 0.04
"""Margin around the tiles, as a share of their longer side."""
BEYOND = 0.01
"""Margin beyond the slide, so that outlines at its edge are whole."""
PALENESS = 0.5
"""How far the tissue under a map is faded to white."""
SHOWN_SIDE_PX = 1400
"""Pixels of the longer side of the view."""
LARGEST_SIDE_PX = 6000
TITLE_LETTER_IN, NOTE_LETTER_IN = 0.15, 0.064
"""Width of a letter of the title, and of the notes."""
WARNING = "Research use, not for diagnosis."
HOW_TO_READ = (
    "Evidence is what each tile adds to the answer. Attention shows which tiles a stage used, not why: they may argue "
    "for the answer, against it, or be context. Neither is a map of disease. Compare places within a map; the colours "
    "of two stages are not on one scale."
)


def write_figure(result: SlideResult, slide: Slide | None, path: Path, kind: Contrast = "rank") -> None:
    """Write one PNG: slide, evidence for the answer, a heatmap per stage in its own hue, colour bars, charts.

    Each stage is named with its role; where there is no evidence or no role, as with preset paper, it says why.

    Parameters
    ----------
    result, path
        What is drawn, and where it is written.
    slide
        The open slide of the result; without it the maps stand on the footprint of the tiles.
    kind
        How attention is mapped to colours, as the colour bars state.

    Raises
    ------
    OutputError
        If it cannot be written there, or `slide` is another slide than the result's.
    """
    write_png(result, path, "MSM-MIL", lambda: _draw(result, slide, kind))


def write_png(result: SlideResult, path: Path, title: str, draw: Callable[[], Figure]) -> None:
    """Draw a figure of a result, and write it with its title and origin among the PNG's texts; whole or not at all.

    Raises
    ------
    OutputError
        If it cannot be written there.
    """
    facts = {"Title": title, "Description": WARNING, "Source": provenance(result)}
    with whole_file(path) as part, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a name in a script that the font lacks
        draw().savefig(part, format="png", metadata=facts)


def lay_ground(result: SlideResult, slide: Slide | None) -> Ground:
    """Return what lies under the maps of a result: its open slide, or without it the footprint of the tiles.

    Raises
    ------
    OutputError
        If `slide` is another slide than the result's.
    """
    _check_same(result, slide)
    view_px0 = _view(result.tiles, result.slide.size_px0)
    picture = None if slide is None else _picture(slide, view_px0)
    pale = None if picture is None else _pale(picture)
    return Ground(result.tiles, view_px0, picture, pale, result.slide.size_px0, result.slide.mpp)


def _check_same(result: SlideResult, slide: Slide | None) -> None:
    if slide is not None and slide.facts.quick_hash != result.slide.quick_hash:
        raise OutputError(
            f"{slide.facts.path} is not the slide that this result was made from ({result.slide.name}): "
            "its content differs. Restore the right file, or draw the maps without the slide."
        )


def _draw(result: SlideResult, slide: Slide | None, kind: Contrast) -> Figure:
    prediction, roles = result.prediction, answer_roles(result)
    ground = lay_ground(result, slide)
    stages, before = len(prediction.stages), 1 if prediction.bias is None else 2
    page = lay_out(before + stages, ground.shape, (len(prediction.classes), stages))
    figure = Figure(figsize=page.size_in, dpi=DPI, facecolor="white")
    draw_slide(figure.add_axes(page.panels[0]), ground, prediction)
    boxes = zip(page.panels[1:], page.colour_bars[1:], strict=True)
    places = [(figure.add_axes(panel), figure.add_axes(bar)) for panel, bar in boxes]
    if prediction.bias is not None:
        draw_evidence(*places.pop(0), ground, prediction)
    for named, (panel, bar) in zip(enumerate(prediction.stages), places, strict=True):
        draw_stage(panel, bar, ground, named, roles, kind)
    draw_probabilities(figure.add_axes(page.charts[0]), prediction)
    draw_weights(figure.add_axes(page.charts[1]), prediction)
    _write_words(figure, page, result, roles)
    return figure


def _view(tiles: TileGrid, size_px0: tuple[int, int]) -> tuple[float, float, float, float]:
    low, high = tiles.xy_px0.min(axis=0), tiles.xy_px0.max(axis=0) + tiles.side_px0
    longer = (high - low).max()
    left, top = np.maximum(low - AROUND * longer, -BEYOND * longer)
    right, bottom = np.minimum(high + AROUND * longer, np.array(size_px0) + BEYOND * longer)
    return float(left), float(top), float(right), float(bottom)


def _picture(slide: Slide, view_px0: tuple[float, float, float, float]) -> NDArray[np.uint8]:
    left, top, right, bottom = view_px0
    wanted = SHOWN_SIDE_PX * max(slide.facts.size_px0) / max(right - left, bottom - top)
    rgb = slide.thumbnail(min(LARGEST_SIDE_PX, round(wanted)))
    return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])


def _pale(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    grey = picture[..., :3] @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    pale = (255 - (255 - grey) * (1 - PALENESS)).astype(np.uint8)
    return np.dstack([pale, pale, pale, picture[..., 3]])


def _write_words(figure: Figure, page: FigureLayout, result: SlideResult, roles: AnswerRoles) -> None:
    width_in, height_in = page.size_in
    left = page.from_left(MARGIN_IN)
    name = _shorten_middle(result.slide.name, int((width_in - 2 * MARGIN_IN) / TITLE_LETTER_IN))
    answer, warning = answer_and_warning(result)
    figure.text(left, page.from_top(0.38), literal(name), size=15, weight="bold", color=INK)
    figure.text(left, page.from_top(0.62), literal(answer), size=11, weight="bold", color=INK)
    figure.text(left, page.from_top(0.82), literal(_summary(result)), size=9, color=SOFT_INK)
    how = textwrap.fill(
        " ".join((roles.no_roles, HOW_TO_READ)).strip(), int((width_in - 2 * MARGIN_IN) / NOTE_LETTER_IN)
    )
    figure.text(left, page.from_top(height_in - 0.83), literal(warning), size=9, weight="bold", color=INK)
    figure.text(left, page.from_top(height_in - 0.75), how, size=8, color=SOFT_INK, va="top")
    figure.text(left, page.from_top(height_in - 0.1), provenance(result), size=6.5, color=SOFT_INK)


def answer_and_warning(result: SlideResult) -> tuple[str, str]:
    """Return the answer with its probability, and how far it is to be relied on, as every figure says them."""
    worth = result.worth
    answer = f"{worth.answer}, probability {result.prediction.probabilities.max():.3f}"
    badge = f"{worth.badge}: not to be relied on." if worth.badge else ""
    warning = " ".join(filter(None, (WARNING, worth.unlike or badge)))
    return worth.short if worth.close or worth.unlike else answer, warning


def _shorten_middle(name: str, letters: int) -> str:
    half = (letters - 1) // 2
    return name if len(name) <= letters else f"{name[:half]}…{name[-half:]}"


def _summary(result: SlideResult) -> str:
    tiles, side_um = result.tiles, result.tiles.side_px * result.tiles.mpp
    masked = "hidden from later stages" if result.prediction.masks_applied else "shown to later stages, too"
    model = textwrap.shorten(result.model.name, 40, placeholder="…")
    return f"MSM-MIL, {model} · {len(tiles):,} tiles of {side_um:.0f} µm · claimed tiles are {masked}"


def provenance(result: SlideResult) -> str:
    """Return in one line what a picture was made from."""
    version = result.versions.get("napari-msm-mil", "")
    facts = result.slide
    return (
        f"{result.created} · napari-msm-mil {version} · model {result.model.sha256[:12]} ({result.model.preset}) · "
        f"slide {facts.quick_hash[:12]} · {facts.mpp} µm/px ({facts.mpp_origin})"
    )
