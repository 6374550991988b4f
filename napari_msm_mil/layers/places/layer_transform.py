"""Where the pixels of our layers lie on the glass, and the glass in the viewer's world; no viewer is touched here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.results.slide_result import SlideResult

if TYPE_CHECKING:
    from napari.layers import Image

AXIS_LABELS = ("y", "x")
MICROMETRES = ("micrometer", "micrometer")
PIXELS = ("pixel", "pixel")


def placed(mpp: float | None, cell_px0: float, origin_px0: tuple[float, float], parts: int = 1) -> dict[str, Any]:
    """Place pixels of `cell_px0` level-0 pixels on the glass; without a resolution the unit is the level-0 pixel.

    Of cells that are parted, a pixel is one of so many parts from left to right.
    """
    um_per_px0 = mpp or 1.0
    x, y = origin_px0
    size_px0 = np.array([cell_px0, cell_px0 / parts])
    centre_px0 = np.array([y, x]) + (size_px0 - 1) / 2
    return {
        "scale": tuple(size_px0 * um_per_px0),
        "translate": tuple(centre_px0 * um_per_px0),
        "units": PIXELS if mpp is None else MICROMETRES,
        "axis_labels": AXIS_LABELS,
    }


def slide_affine(slide: Image, result: SlideResult) -> NDArray[np.float64]:
    """Return the map from micrometres on the glass to where the slide's layer lies, which a user may have moved."""
    um_per_px0 = result.slide.mpp or 1.0
    origin, down, right = (np.asarray(slide.data_to_world(corner)) for corner in ((0, 0), (1, 0), (0, 1)))
    affine = np.eye(3)
    affine[:2, :2] = np.stack([down - origin, right - origin], axis=1) / um_per_px0
    affine[:2, 2] = origin
    return affine


def map_to_world(stage: Image, xy_px0: tuple[float, float]) -> NDArray[np.float64]:
    """Return where the viewer shows a place of the slide (x, y), as (y, x) of the world; `stage` is a map of it."""
    raster = stage.metadata["shown"].images.raster
    col, row = (np.asarray(xy_px0) - raster.origin_px0) / raster.cell_px0 - 0.5
    return np.asarray(stage.data_to_world((row, col)))[-2:]
