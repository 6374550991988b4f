"""The panels of a figure: the slide, the map of evidence, the map of a stage, and charts."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from msm_mil_core.display.color_ramps import signed_ramp
from msm_mil_core.display.heatmap import Contrast, contrast, contrast_label, rasterise
from msm_mil_core.display.outlines import outline_segments
from msm_mil_core.display.stage_style import stage_colour, stage_name, stage_ramp
from msm_mil_core.display.tile_map import evidence_map
from msm_mil_core.explain.evidence import held_over
from msm_mil_core.export.tables.result_tables import class_rows, stage_rows
from msm_mil_core.export.tables.roles import AnswerRoles
from msm_mil_core.mil.prediction import Prediction, StageAttention
from msm_mil_core.slides.tiling.tiles import TileGrid

INK = "#222222"
SOFT_INK, FRAME = "#666666", "#BBBBBB"
FOOTPRINT = "#E6E6E6"
WINNER, OTHERS = "#444444", "#BDBDBD"
NOTE: dict[str, Any] = {"size": 8, "color": SOFT_INK, "va": "top"}
MARK: dict[str, Any] = {"size": 8, "color": INK, "va": "top", "zorder": 5}
BOX: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2}
LONGEST_NAME = 26
LONGEST_TITLE = 38


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What lies under every map, in one frame for all panels."""

    tiles: TileGrid
    view_px0: tuple[float, float, float, float]
    """Left, top, right and bottom of what is shown."""
    picture: NDArray[np.uint8] | None
    """The whole slide, RGBA (height, width, 4); None where it is gone."""
    pale: NDArray[np.uint8] | None
    """The same in pale grey, for maps to stand out."""
    size_px0: tuple[int, int]
    mpp: float | None

    @property
    def shape(self) -> float:
        """Height over width of what is shown."""
        left, top, right, bottom = self.view_px0
        return (bottom - top) / (right - left)


def draw_slide(axes: Axes, ground: Ground, prediction: Prediction) -> None:
    """Draw the slide in its own colours, with the tiles that each stage claims outlined in the stage's colour."""
    draw_ground(axes, ground, ground.picture)
    for index, stage in enumerate(prediction.stages):
        _outline(axes, ground.tiles, stage.claimed, stage_colour(index))
    write_title(axes, "Slide" if ground.picture is not None else "Tiles (the slide is not available)")
    dotted = "\nDotted in a map: hidden from that stage" if prediction.masks_applied else ""
    write(axes, f"Outlined: the tiles that each stage claims{dotted}", (0, 0), (0, -5), **NOTE)
    draw_scale_bar(axes, ground)


def draw_evidence(axes: Axes, bar: Axes, ground: Ground, prediction: Prediction) -> None:
    """Draw what each tile adds to the log-odds of the answer through all stages, and the colour bar of it."""
    answer = prediction.classes.index(prediction.winner)
    shown = evidence_map(prediction, answer, None)
    ramp = LinearSegmentedColormap.from_list("evidence", signed_ramp())
    draw_ground(axes, ground, ground.pale)
    write_title(axes, f"Evidence for {prediction.winner}")
    draw_map(axes, ground, shown.values, ramp, shown.limits)
    draw_colour_bar(bar, ramp, shown.limits, f"added to its log-odds over {held_over(prediction, answer)}")


def draw_stage(
    axes: Axes, bar: Axes, ground: Ground, named: tuple[int, StageAttention], roles: AnswerRoles, kind: Contrast
) -> None:
    """Draw where one stage attended, in its own hue over pale tissue, its role, and the colour bar of its values."""
    index, stage = named
    draw_ground(axes, ground, ground.pale)
    write_title(axes, roles.title(index), stage_colour(index))
    if roles.marks(index):
        write(axes, roles.marks(index), (0, 1), (4, -4), bbox=BOX, **MARK)
    shown = np.isfinite(stage.attention)
    if not shown.any():
        axes.text(0.5, 0.5, "was shown no tile", transform=axes.transAxes, ha="center", color=SOFT_INK)
        bar.set_axis_off()
        return
    values = contrast(stage.attention, kind)
    limits = _limits(values[shown])
    ramp = LinearSegmentedColormap.from_list(stage_name(index), stage_ramp(index))
    draw_map(axes, ground, values, ramp, limits)
    _outline(axes, ground.tiles, ~shown, SOFT_INK, dotted=True)
    _outline(axes, ground.tiles, stage.claimed, INK)
    draw_colour_bar(bar, ramp, limits, contrast_label(kind, int(shown.sum())))


def draw_probabilities(axes: Axes, prediction: Prediction) -> None:
    """Draw one bar per class."""
    rows = class_rows(prediction)
    colours = [WINNER if row.winner else OTHERS for row in rows]
    _draw_bars(axes, [row.name for row in rows], [row.probability for row in rows], colours)
    for place, row in enumerate(rows):
        weight = "bold" if row.winner else "normal"
        text, end = f"{row.probability:.3f}", (row.probability, place)
        axes.annotate(text, end, (4, 0), textcoords="offset points", va="center", size=8, weight=weight)
    write_title(axes, "Class probabilities")


def draw_weights(axes: Axes, prediction: Prediction) -> None:
    """Draw one bar per stage, its weight in the prediction, and write what the stage did."""
    rows = stage_rows(prediction)
    _draw_bars(axes, [row.name for row in rows], [row.beta for row in rows], [row.colour for row in rows])
    for place, row in enumerate(rows):
        axes.annotate(f"{row.beta:.2f}", (row.beta, place), (4, 0), textcoords="offset points", va="center", size=8)
        spread = f"attention spread over {row.effective_tiles:,.0f} of {row.shown:,} tiles"
        did = f"claims {row.claimed:,}, {spread if row.shown else 'was shown no tile'}"
        axes.annotate(did, (1, place), (30, 0), textcoords="offset points", va="center", size=8, color=SOFT_INK)
    write_title(axes, "Weight of each stage in the prediction")


def literal(text: str) -> str:
    """Return text that matplotlib draws literally: no formulas between dollar signs, nothing unprintable."""
    return text.encode("utf-8", "replace").decode().replace("$", r"\$")


def _shorten(text: str, letters: int) -> str:
    return text if len(text) <= letters else f"{text[: letters - 1]}…"


def draw_ground(axes: Axes, ground: Ground, picture: NDArray[np.uint8] | None) -> None:
    """Draw the slide, in its colours or pale, or the footprint of the tiles without it; frame and view are set."""
    width, height = ground.size_px0
    left, top, right, bottom = ground.view_px0
    if picture is not None:
        axes.imshow(picture, extent=(0, width, height, 0), interpolation="antialiased")
    else:
        covered = np.zeros(len(ground.tiles))
        footprint = LinearSegmentedColormap.from_list("footprint", [FOOTPRINT, FOOTPRINT])
        draw_map(axes, ground, covered, footprint, (0, 1))
    axes.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[], aspect="equal")
    for spine in axes.spines.values():
        spine.set(color=FRAME, linewidth=0.6)


def draw_map(
    axes: Axes, ground: Ground, values: NDArray[np.floating], ramp: LinearSegmentedColormap, limits: tuple[float, float]
) -> None:
    """Draw one value a tile (N,), NaN clear, in the colours of a ramp between two limits."""
    heatmap = rasterise(ground.tiles, values)
    rows, cols = heatmap.values.shape
    left, top = heatmap.origin_px0
    extent = (left, left + cols * heatmap.cell_px0, top + rows * heatmap.cell_px0, top)
    shown = np.ma.masked_invalid(heatmap.values)
    axes.imshow(shown, cmap=ramp, norm=Normalize(*limits), extent=extent, interpolation="nearest")


def _outline(axes: Axes, tiles: TileGrid, chosen: NDArray[np.bool_], colour: str, *, dotted: bool = False) -> None:
    segments = list(outline_segments(tiles, chosen))
    if dotted:
        axes.add_collection(LineCollection(segments, colors=colour, linewidths=0.6, linestyles=(0, (1, 2))), False)
        return
    for edge, width in (("white", 2.6), (colour, 1.2)):
        axes.add_collection(LineCollection(segments, colors=edge, linewidths=width, capstyle="projecting"), False)


def write_title(axes: Axes, text: str, swatch: str | None = None) -> None:
    """Write a panel's title above it, after a square of its colour if it has one."""
    short = literal(_shorten(text, LONGEST_TITLE))
    write(axes, short, (0, 1), (0 if swatch is None else 13, 5), color=INK, size=10, weight="bold")
    if swatch is not None:
        write(axes, "■", (0, 1), (0, 5), color=swatch, size=10)


def write(axes: Axes, text: str, at: tuple[float, float], offset_pt: tuple[float, float], **style: Any) -> None:
    """Write at a place in shares of a panel, moved by points."""
    axes.annotate(text, at, offset_pt, xycoords="axes fraction", textcoords="offset points", **style)


def _limits(shown: NDArray[np.float32]) -> tuple[float, float]:
    low, high = float(shown.min()), float(shown.max())
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def draw_colour_bar(axes: Axes, ramp: LinearSegmentedColormap, limits: tuple[float, float], label: str) -> None:
    """Draw a colour bar with the values at its ends and in its middle, and what they are."""
    low, high = limits
    axes.imshow(np.linspace(0, 1, 256)[None], cmap=ramp, extent=(low, high, 0, 1), aspect="auto")
    ticks = [low, (low + high) / 2, high]
    axes.set(yticks=[], xticks=ticks)
    axes.set_xticklabels([f"{tick:.2g}" for tick in ticks], size=7.5, color=INK)
    axes.tick_params(length=2, width=0.6, pad=1.5, color=SOFT_INK)
    axes.set_xlabel(label, size=8, color=SOFT_INK, labelpad=2)
    for spine in axes.spines.values():
        spine.set(color=FRAME, linewidth=0.6)


def _draw_bars(axes: Axes, names: list[str], lengths: list[float], colours: list[str]) -> None:
    places = range(len(names))
    axes.barh(places, lengths, color=colours, height=0.62)
    axes.set_yticks(places, [literal(_shorten(name, LONGEST_NAME)) for name in names], size=8.5)
    axes.set(xlim=(0, 1), xticks=[], ylim=(len(names) - 0.5, -0.5))
    axes.tick_params(left=False)
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.spines["left"].set(color=FRAME)


def draw_scale_bar(axes: Axes, ground: Ground) -> None:
    """Draw how long so many micrometres are, in the lower left corner; nothing where that is unknown."""
    if ground.mpp is None:
        return
    left, top, right, bottom = ground.view_px0
    length_um = _round_down((right - left) * ground.mpp / 4)
    start, height = left + 0.04 * (right - left), bottom - 0.04 * (bottom - top)
    halo = [withStroke(linewidth=4, foreground="white")]
    end = start + length_um / ground.mpp
    axes.plot([start, end], [height, height], color=INK, linewidth=2, solid_capstyle="butt", path_effects=halo)
    text = f"{length_um / 1000:g} mm" if length_um >= 1000 else f"{length_um:g} µm"
    axes.annotate(
        text, ((start + end) / 2, height), (0, 4), textcoords="offset points", ha="center", size=8, color=INK,
        path_effects=[withStroke(linewidth=2.5, foreground="white")],
    )  # fmt: skip


def _round_down(length: float) -> float:
    decade = 10.0 ** math.floor(math.log10(length))
    return max(step * decade for step in (1, 2, 5) if step * decade <= length)
