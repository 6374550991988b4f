"""Lines around sets of tiles, each with a white halo that sets it off from the tissue, as vectors for napari."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.display.outlines import outline_segments
from msm_mil_core.display.tile_raster import TileRaster, lay_raster
from msm_mil_core.results.slide_result import SlideResult

Chosen = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """Halos, then lines, of one or more sets of tiles."""

    segments: NDArray[np.float64]
    """(2 M, 2, 2): of each where it starts and how far it goes, as (y, x) in level-0 pixels."""
    set_of: NDArray[np.int64]
    """(M,), to which set a line belongs."""
    width_px0: float

    def colours(self, rgb: NDArray[np.float64]) -> NDArray[np.float64] | str:
        """Return a colour for every segment: white for halos, that of its set (sets, 3) for a line."""
        if not len(self.set_of):
            return "white"
        return np.concatenate([np.ones((len(self.set_of), 3)), rgb[self.set_of]])


def draw_outlines(result: SlideResult, sets: Sequence[Chosen]) -> Outlines:
    """Draw lines around sets of tiles (N,); they lie inside the tiles, so that neighbours do not cover each other."""
    width_px0 = _width_px0(result)
    outlines = [_outline(result, chosen, width_px0) for chosen in sets]
    set_of = np.repeat(np.arange(len(outlines)), [len(outline) for outline in outlines])
    lines, halos = (np.concatenate([outline[:, side] for outline in outlines]) for side in (0, 1))
    return Outlines(np.concatenate([halos, lines]), set_of, width_px0)


def outline_style(width_px0: float) -> dict[str, Any]:
    """Return how every layer of outlines is drawn."""
    return {
        "ndim": 2,
        "edge_width": width_px0,
        "vector_style": "line",
        "blending": "translucent_no_depth",
        "opacity": 1.0,
    }


def _width_px0(result: SlideResult) -> float:
    """Choose a line that is seen in the overview and still leaves the middle of a tile free."""
    seen_from_afar = max(result.slide.size_px0) / 600
    return float(np.clip(seen_from_afar, 0.05 * result.tiles.side_px0, 0.12 * result.tiles.side_px0))


def _outline(result: SlideResult, chosen: Chosen, width_px0: float) -> NDArray[np.float64]:
    """Draw the line along the edge of the tiles, and a halo half beside, half below it.

    Returns
    -------
    (M, 2, 2, 2): line and halo of each segment, where it starts and how far it goes, as (y, x) in level-0 pixels.
    """
    raster = lay_raster(result.tiles)
    start, end = outline_segments(result.tiles, chosen).transpose(1, 0, 2)
    across = np.sign(end - start)[:, ::-1]
    beyond = (start + end + across * raster.cell_px0) / 2
    inwards = across * np.where(_inside(beyond, raster, chosen), 1.0, -1.0)[:, None]
    both = [np.stack([start + inwards * inset, end - start], 1) for inset in (width_px0 / 2, width_px0)]
    return np.stack(both, axis=1)[..., ::-1]


def _inside(xy_px0: NDArray[np.float64], raster: TileRaster, chosen: Chosen) -> Chosen:
    """Mark the points (M, 2) that a chosen tile covers; those are at most half a cell outside the image."""
    covered = np.pad(raster.cover(chosen), 1)
    row, col = raster.cells_at(xy_px0)
    inside: Chosen = covered[row + 1, col + 1]
    return inside
