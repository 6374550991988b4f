"""Where the tiles of another program's file lie on the slide; what is neither stated nor given is asked for."""

from dataclasses import dataclass
from math import nan

import h5py
import numpy as np
from numpy.typing import NDArray

from msm_mil_core.bags.attributes import Attributes, read_attributes
from msm_mil_core.bags.tile_size import TileSize, in_micrometres, read_tile_size
from msm_mil_core.bags.tile_step import common_step, contradiction
from msm_mil_core.errors import FeatureFileError
from msm_mil_core.slides.tiling.tiles import TileGrid

FARTHEST = 2**31
"""Pixels or micrometres from the slide's corner; more is a mistake."""
_DIFFERENT = 0.05
"""Share by which two statements of one size may differ: sides are rounded to whole pixels."""


@dataclass(frozen=True, slots=True)
class GivenScale:
    """What a user says of a slide and its tiles, each None where it is left to the file."""

    slide_mpp: float | None = None
    """Micrometres per level-0 pixel."""
    side_px: int | None = None
    """Side of a tile as the encoder got it."""
    mpp: float | None = None
    """Micrometres per pixel of a tile as the encoder got it."""


def place_foreign(file: h5py.File, count: int, given: GivenScale) -> TileGrid:
    """Read where the tiles of another program's file lie, of which there are `count`.

    Raises
    ------
    FeatureFileError
        If it does not state where they lie on level 0 or how large they are, and that is not given either.
    """
    attributes = read_attributes(file)
    corners, size = _read_corners(file, count), read_tile_size(attributes)
    if in_micrometres(attributes):
        corners = corners / _slide_mpp(file, given)
    _check_unit(attributes)
    xy_px0 = np.rint(corners).astype(np.int64)
    side_px, side_px0 = _sides(file, size, given, xy_px0)
    flaw = place_flaw(attributes, count)
    if flaw and attributes.number("overlap") is not None:  # else they may overlap by half, say
        raise FeatureFileError(flaw)
    return TileGrid(xy_px0, side_px0, side_px, _mpp(file, size, given, side_px0 / side_px))


def place_flaw(attributes: Attributes, count: int) -> str:
    """Say what is wrong with the places and sizes that a file states; empty if nothing is, or it states none."""
    file = attributes.file
    if "coords" not in file:
        return ""
    try:
        corners, size = _read_corners(file, count), read_tile_size(attributes)
        overlap_px = attributes.number("overlap")
    except FeatureFileError as exc:
        return str(exc)
    if in_micrometres(attributes):
        return ""
    contradicted = contradiction(size, overlap_px, np.rint(corners).astype(np.int64))
    return contradicted and f"{file.filename}: {contradicted}. Check how it was made."


def _read_corners(file: h5py.File, count: int) -> NDArray[np.float64]:
    """Return the top-left corners (N, 2) in the file's own unit."""
    if "coords" not in file:
        raise FeatureFileError(f"{file.filename} does not say where its tiles lie (no coords); use its features only.")
    coords = file["coords"]
    shape = getattr(coords, "shape", None)
    if shape not in {(count, 2), (1, count, 2)} or coords.dtype.kind not in "fiu":
        found = "no table" if shape is None else f"{shape} of type {coords.dtype}"
        raise FeatureFileError(
            f"{file.filename}: {count} features, but coords is {found}, not an x and y for each. Encode it again."
        )
    corners: NDArray[np.float64] = coords[:].reshape(count, 2).astype(np.float64)
    if not (np.abs(corners) < FARTHEST).all():  # nor is NaN below it
        raise FeatureFileError(f"{file.filename}: coords holds numbers that are no place on a slide. Encode it again.")
    return corners


def _slide_mpp(file: h5py.File, given: GivenScale) -> float:
    if given.slide_mpp is None:
        raise FeatureFileError(
            f"{file.filename} states in micrometres where its tiles lie: the slide's mpp is needed to place them. "
            "Give slide_mpp, or use its features only."
        )
    return given.slide_mpp


def _check_unit(attributes: Attributes) -> None:
    """Files without a unit are in level-0 pixels, except STAMP's, which have `feats` and at first stated no unit."""
    file, unit = attributes.file, attributes.text("unit")
    if not in_micrometres(attributes) and ("feats" in file or unit not in {None, "px", "pixel", "pixels"}):
        raise FeatureFileError(
            f"{file.filename} states where its tiles lie, but not in micrometres (unit: {unit}). Use its features only."
        )


def _sides(file: h5py.File, size: TileSize, given: GivenScale, xy_px0: NDArray[np.int64]) -> tuple[int, int]:
    """Return the tiles' side as the encoder got them, and on level 0."""
    side_px, side_px0 = size.side_px or given.side_px, size.side_px0
    side_um = size.side_um or (side_px and given.mpp and side_px * given.mpp)
    if side_px0 is None and side_um is not None and given.slide_mpp is not None:
        side_px0 = max(1, round(side_um / given.slide_mpp))
    if side_px is None or side_px0 is None:
        needed = {"side_px": side_px, "mpp": side_px0 or side_um, "slide_mpp": side_px0 or given.slide_mpp}
        lacking = " and ".join(name for name, known in needed.items() if known is None)
        step = common_step(xy_px0)
        hint = f" Most lie {step} level-0 pixels apart, which is their side if they neither overlap nor leave gaps."
        raise FeatureFileError(
            f"{file.filename} does not state how large its tiles are.{hint if step else ''} Give {lacking}, "
            "or use its features only."
        )
    if given.side_px not in {None, side_px}:
        raise FeatureFileError(f"{file.filename} states tiles of {side_px} px, not {given.side_px}. Leave side_px out.")
    return side_px, side_px0


def _mpp(file: h5py.File, size: TileSize, given: GivenScale, px0_per_px: float) -> float:
    """Return the micrometres per pixel of a tile; NaN where neither the file nor the user says it."""
    by_slide = None if given.slide_mpp is None else given.slide_mpp * px0_per_px
    known = [mpp for mpp in (by_slide, size.mpp, given.mpp) if mpp is not None]
    if known and max(known) > (1 + _DIFFERENT) * min(known):
        raise FeatureFileError(
            f"{file.filename} states the size of its tiles, but with slide_mpp and mpp it comes out as "
            f"{max(known):g} and as {min(known):g} µm per pixel. Correct them."
        )
    return known[0] if known else nan
