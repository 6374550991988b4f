"""A slide from arrays that another program has opened: the levels of an image in a viewer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.decoded_tiles import DecodedTiles
from msm_mil_core.slides.formats.opened_image import VENDOR, LevelSizes, OpenedImage
from msm_mil_core.slides.formats.pixel_hash import hash_pixels
from msm_mil_core.slides.readers.array_level import ArrayLevel, array_level
from msm_mil_core.slides.readers.levels_reader import LevelsReader
from msm_mil_core.slides.readers.reader import ReadError

LAYER = "layer"
MPP_X, MPP_Y = "layer.mpp-x", "layer.mpp-y"


def arrays_as_image(
    levels: Sequence[Any], path: Path, mpp: tuple[float, float] | None, tiles: DecodedTiles
) -> OpenedImage:
    """Take arrays (height, width, 3 or 4) of bytes as the levels of a slide, finest first.

    Parameters
    ----------
    path
        What the slide is called, and where it came from if that is known.
    mpp
        Micrometres per pixel of the finest, across and down; None if unknown.

    Raises
    ------
    SlideError
        If they are no levels of RGB of 8 bits, or cannot be read.
    """
    found = _levels(path, levels)
    reader = LevelsReader(found, tiles, LAYER)
    try:
        quick_hash = hash_pixels(reader)
    except ReadError as exc:
        raise SlideError(f"The pixels of {path.name} cannot be read ({exc}). Open it again.") from exc
    return OpenedImage(
        path=path,
        handle=LevelSizes(tuple(level.size_px for level in found)),
        properties={VENDOR: LAYER} | ({} if mpp is None else {MPP_X: str(mpp[0]), MPP_Y: str(mpp[1])}),
        reader=reader,
        quick_hash=quick_hash,
    )


def _levels(path: Path, levels: Sequence[Any]) -> list[ArrayLevel]:
    found: list[ArrayLevel] = []
    for array in levels:
        shape = tuple(array.shape)
        if len(shape) != 3 or shape[2] not in (3, 4) or str(array.dtype) != "uint8":
            raise SlideError(
                f"{path.name} has levels of {shape} {array.dtype}; images in RGB of 8 bits can be run. "
                "Convert it to RGB."
            )
        level = array_level(array, "yxc", _chunks(array))
        if not found or max(level.size_px) < max(found[-1].size_px):
            found.append(level)
    return found


def _chunks(array: Any) -> Sequence[int] | None:
    """Return the length of the chunks of an array along each axis, as Zarr or Dask gives them; None if it has none."""
    chunks = getattr(array, "chunks", None)
    if not chunks:
        return None
    return [each if isinstance(each, int) else int(each[0]) for each in chunks]
