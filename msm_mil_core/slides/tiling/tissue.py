"""Where on a slide there is tissue."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from msm_mil_core.errors import TissueError
from msm_mil_core.slides.slide import Slide, SlideFacts
from msm_mil_core.slides.tiling.tissue_options import TissueOptions

FINEST_MPP = 2.0
"""Micrometres per thumbnail pixel that a thumbnail has at the finest: small slides need no 2048 px."""
NOMINAL_MPP = 5.0
"""Assumed micrometres per thumbnail pixel where the slide's are unknown."""
BLUR_PX = 1.5
"""Against noise and JPEG blocks, on the thumbnail."""
BLACK = 40
"""Grey level up to which a pixel is black: ink, dust, or nothing scanned."""
INK = (20, 0.3)
"""Green or blue ink: green exceeds red by more grey levels than this, at a higher saturation than this."""
TINTED_GLASS = 0.08
"""Saturation up to which the brightest colour of a slide counts as glass and is balanced to white."""


@dataclass(frozen=True, slots=True, eq=False)
class TissueMask:
    """Which parts of a slide are tissue, at the resolution of a thumbnail that covers level 0 exactly."""

    mask: NDArray[np.bool_]
    """(rows, columns)."""
    px0_per_px: tuple[float, float]
    """Level-0 pixels per pixel of the mask, across and down, mostly not whole."""
    slide: str = "The slide"
    """Path of the slide, for messages."""

    def __repr__(self) -> str:
        rows, cols = self.mask.shape
        return f"<TissueMask {cols} x {rows} px: {100 * self.mask.mean():.0f} % tissue>"


def find_tissue(slide: Slide, options: TissueOptions | None = None) -> TissueMask:
    """Find tissue by its colour: saturation after Otsu's threshold, gaps closed, holes filled, specks dropped.

    Raises
    ------
    TissueError
        If there is none.
    """
    options = options or TissueOptions()
    thumbnail = slide.thumbnail(_thumbnail_side(slide.facts, options))
    rows, cols = thumbnail.shape[:2]
    px0_per_px = (slide.facts.size_px0[0] / cols, slide.facts.size_px0[1] / rows)
    if options.whole_slide:
        return TissueMask(_inside_extent(slide.facts, (rows, cols), px0_per_px), px0_per_px, slide.facts.path)
    mask = _tidied(_stained(thumbnail, options), options, _thumbnail_mpp(slide.facts, px0_per_px))
    if not mask.any():
        raise TissueError(
            f"{slide.facts.path}: no tissue found. Lower the tissue option least_saturation (now "
            f"{options.least_saturation:g}) or drop_specks_um2 (now {options.drop_specks_um2:g}), or take the "
            "whole slide with whole_slide."
        )
    return TissueMask(mask, px0_per_px, slide.facts.path)


def _thumbnail_side(facts: SlideFacts, options: TissueOptions) -> int:
    if facts.mpp is None:
        return options.thumbnail_px
    return max(64, min(options.thumbnail_px, round(max(facts.size_px0) * facts.mpp / FINEST_MPP)))


def _thumbnail_mpp(facts: SlideFacts, px0_per_px: tuple[float, float]) -> float:
    return NOMINAL_MPP if facts.mpp is None else facts.mpp * (px0_per_px[0] + px0_per_px[1]) / 2


def _inside_extent(facts: SlideFacts, shape: tuple[int, int], px0_per_px: tuple[float, float]) -> NDArray[np.bool_]:
    (x, y), (width, height) = facts.origin_px0, facts.extent_px0
    across, down = px0_per_px
    mask = np.zeros(shape, np.bool_)
    mask[round(y / down) : round((y + height) / down), round(x / across) : round((x + width) / across)] = True
    return mask


def _stained(thumbnail: NDArray[np.uint8], options: TissueOptions) -> NDArray[np.bool_]:
    smooth = Image.fromarray(thumbnail).filter(ImageFilter.GaussianBlur(BLUR_PX))
    planes = np.stack([np.asarray(plane) for plane in smooth.split()])  # (3, rows, columns): ten times as fast
    seen: NDArray[np.bool_] = planes.max(axis=0) > BLACK
    if options.skip_ink:
        seen &= ~_inked(planes)
    if not seen.any():
        return seen
    saturation = _saturation(_white_glass(planes))
    stained: NDArray[np.bool_] = seen & (saturation > _threshold(saturation[seen], options))
    return stained


def _inked(planes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    levels, least = INK
    red, green, _ = planes
    greener: NDArray[np.bool_] = (green > red) & (green - red > levels)
    return greener & (_saturation(planes) > least)


def _saturation(planes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return saturation as HSV has it: 0 grey, 1 pure."""
    saturation: NDArray[np.float32] = 1 - planes.min(axis=0) / np.maximum(planes.max(axis=0), 1).astype(np.float32)
    return saturation


def _white_glass(planes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Balance the colours so that glass, the brightest hundredth, is white; leave them where that is not glass."""
    some = planes[:, ::3, ::3]
    dimmest_plane = some.min(axis=0)
    glass = np.median(some[:, dimmest_plane >= np.quantile(dimmest_plane, 0.99)], axis=1)
    if glass.min() < (1 - TINTED_GLASS) * glass.max():
        return planes
    balanced = np.clip(np.arange(256) * (255 / np.maximum(glass, 1)[:, None]), 0, 255).astype(np.uint8)  # (3, 256)
    return np.stack([table[plane] for table, plane in zip(balanced, planes, strict=True)])


def _threshold(saturation: NDArray[np.float32], options: TissueOptions) -> float:
    from skimage.filters import threshold_otsu  # slow to import, and not needed where features are cached

    levels = np.rint(saturation * 255).astype(np.uint8)
    if levels.min() == levels.max():
        return options.sure_saturation
    otsu = threshold_otsu(levels) / 255  # type: ignore[no-untyped-call]  # scikit-image types few of its functions
    return max(options.least_saturation, min(options.sure_saturation, float(otsu)))


def _tidied(mask: NDArray[np.bool_], options: TissueOptions, mpp: float) -> NDArray[np.bool_]:
    from scipy import ndimage

    side_px = 2 * round(options.close_um / mpp) + 1
    closed = ndimage.minimum_filter(ndimage.maximum_filter(mask, side_px, mode="nearest"), side_px, mode="nearest")
    filled = ~_without_small(~closed, options.fill_holes_um2 / mpp**2)
    return _without_small(filled, options.drop_specks_um2 / mpp**2)


def _without_small(mask: NDArray[np.bool_], least_px: float) -> NDArray[np.bool_]:
    from scipy import ndimage

    pieces, _ = ndimage.label(mask)
    large = np.bincount(pieces.ravel()) >= least_px
    large[0] = False
    remaining: NDArray[np.bool_] = large[pieces]
    return remaining
