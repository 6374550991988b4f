"""Where the tiles of another program's file lie on the slide; what is neither stated nor given is asked for."""

from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.bags.stated_bag import StatedBag
from msm_mil_core.bags.tile_size import TileSize, in_micrometres, read_tile_size
from msm_mil_core.bags.tile_step import common_step, contradiction
from msm_mil_core.errors import FeatureFileError
from msm_mil_core.slides.tiling.tiles import TileGrid

FARTHEST = 2**31
"""Pixels or micrometres from the slide's corner; more is a mistake."""
_OPTIONS = {"side_px": "--tiles.side-px", "mpp": "--tiles.mpp", "slide_mpp": "--mpp"}
"""What is asked for, as the command line calls it."""
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


def place_foreign(stated: StatedBag, given: GivenScale) -> TileGrid:
    """Read where the tiles of another program's file lie.

    Raises
    ------
    FeatureFileError
        If it does not state where they lie on level 0 or how large they are, and that is not given either.
    """
    attributes = stated.attributes
    places, size = _read_places(stated), read_tile_size(attributes)
    if in_micrometres(attributes):
        places = places / _slide_mpp(stated.name, given)
    _check_unit(stated)
    side_px, side_px0 = _sides(stated.name, size, given, np.rint(places).astype(np.int64))
    if stated.anchor == "centre":
        places = places - side_px0 // 2  # as programs that state centres make them from corners
    flaw = place_flaw(stated)
    if flaw and attributes.number("overlap") is not None:  # else they may overlap by half, say
        raise FeatureFileError(flaw)
    mpp = _mpp(stated.name, size, given, side_px0 / side_px)
    return TileGrid(np.rint(places).astype(np.int64), side_px0, side_px, mpp)


def place_flaw(stated: StatedBag) -> str:
    """Say what is wrong with the places and sizes that a file states; empty if nothing is, or it states none."""
    attributes = stated.attributes
    if stated.coords is None:
        return ""
    try:
        places, size = _read_places(stated), read_tile_size(attributes)
        overlap_px = attributes.number("overlap")
    except FeatureFileError as exc:
        return str(exc)
    if in_micrometres(attributes):
        return ""
    contradicted = contradiction(size, overlap_px, np.rint(places).astype(np.int64))
    return contradicted and f"{stated.name}: {contradicted}. Check how it was made."


def _read_places(stated: StatedBag) -> NDArray[np.float64]:
    """Return the top-left corners or centres (N, 2) in the file's own unit."""
    count, coords = stated.shape[0], stated.coords
    if coords is None:
        raise FeatureFileError(
            f"{stated.name} does not say where its tiles lie (no coords), so there is nowhere to draw a map. Put it "
            "back beside what its program wrote with it, or train with it: that needs no places."
        )
    shape = getattr(coords, "shape", None)
    if shape not in {(count, 2), (1, count, 2)} or coords.dtype.kind not in "fiu":
        found = "no table" if shape is None else f"{shape} of type {coords.dtype}"
        raise FeatureFileError(
            f"{stated.name}: {count} features, but coords is {found}, not an x and y for each. Encode it again."
        )
    places: NDArray[np.float64] = coords[:].reshape(count, 2).astype(np.float64)
    if not (np.abs(places) < FARTHEST).all():  # nor is NaN below it
        raise FeatureFileError(f"{stated.name}: coords holds numbers that are no place on a slide. Encode it again.")
    return places


def _slide_mpp(name: str, given: GivenScale) -> float:
    if given.slide_mpp is None:
        raise FeatureFileError(
            f"{name} states in micrometres where its tiles lie: the slide's mpp is needed to place them. "
            "Give slide_mpp (--mpp), or train with it: that needs no places."
        )
    return given.slide_mpp


def _check_unit(stated: StatedBag) -> None:
    """Files without a unit are in level-0 pixels, except STAMP's, which have `feats` and at first stated no unit."""
    unit = stated.attributes.text("unit")
    pixels = unit in {None, "px", "pixel", "pixels"} and not stated.without_unit
    if not pixels and not in_micrometres(stated.attributes):
        raise FeatureFileError(
            f"{stated.name} states where its tiles lie, but not in micrometres (unit: {unit}), as STAMP's do. Encode "
            "it again, or train with it: that needs no places."
        )


def _sides(name: str, size: TileSize, given: GivenScale, xy_px0: NDArray[np.int64]) -> tuple[int, int]:
    """Return the tiles' side as the encoder got them, and on level 0."""
    resized = given.side_px if size.as_read else None
    side_px, side_px0 = resized or size.side_px or given.side_px, size.side_px0
    side_um = size.side_um or (side_px and given.mpp and side_px * given.mpp)
    if side_px0 is None and side_um is not None and given.slide_mpp is not None:
        side_px0 = max(1, round(side_um / given.slide_mpp))
    if side_px is None or side_px0 is None:
        needed = {"side_px": side_px, "mpp": side_px0 or side_um, "slide_mpp": side_px0 or given.slide_mpp}
        lacking = " and ".join(what for what, known in needed.items() if known is None)
        options = ", ".join(_OPTIONS[what] for what, known in needed.items() if known is None)
        step = common_step(xy_px0)
        hint = f" Most lie {step} level-0 pixels apart, which is their side if they neither overlap nor leave gaps."
        raise FeatureFileError(
            f"{name} does not state how large its tiles are.{hint if step else ''} Give {lacking} "
            f"({options}), or train with it: that needs no places."
        )
    if given.side_px not in {None, side_px}:
        raise FeatureFileError(f"{name} states tiles of {side_px} px, not {given.side_px}. Leave side_px out.")
    return side_px, side_px0


def _mpp(name: str, size: TileSize, given: GivenScale, px0_per_px: float) -> float:
    """Return the micrometres per pixel of a tile; NaN where neither the file nor the user says it."""
    by_slide = None if given.slide_mpp is None else given.slide_mpp * px0_per_px
    stated = None if size.requested and by_slide is not None else size.mpp
    known = [mpp for mpp in (by_slide, stated, given.mpp) if mpp is not None]
    if known and max(known) > (1 + _DIFFERENT) * min(known):
        raise FeatureFileError(
            f"{name} states the size of its tiles, but with slide_mpp and mpp it comes out as "
            f"{max(known):.3g} and as {min(known):.3g} µm per pixel. Correct them."
        )
    return known[0] if known else nan
