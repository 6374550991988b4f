"""A slide to read: real skin, repeated in a mosaic, in tiles of JPEG as scanners store it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image
from simplejpeg import encode_jpeg

from msm_mil_core.slides.sample import SAMPLES
from msm_mil_core.slides.slide import open_slide

TILE_PX = 256
QUALITY = 85
TISSUE_PX0 = (300, 900, 1536)
"""Left, top and side of a part of the sample that is full of tissue."""


@dataclass(frozen=True, slots=True)
class TissueSlide:
    """A slide on disk and the compressed tiles of its levels, for the raw decoder."""

    path: Path
    side_px0: int
    tiles: tuple[tuple[bytes, ...], ...]


def write_tissue_slide(path: Path, side_tiles: int, steps: Sequence[int], mpp: float) -> TissueSlide:
    """Write a square slide of `side_tiles` tiles a side, with one level for each of `steps`."""
    image = _mosaic(side_tiles * TILE_PX)
    levels = [image if step == 1 else np.asarray(Image.fromarray(image).reduce(step)) for step in steps]
    tiles = tuple(tuple(_tiles(level)) for level in levels)
    with tifffile.TiffWriter(path) as tiff:
        for step, level, encoded in zip(steps, levels, tiles, strict=True):
            tiff.write(
                iter(encoded),
                shape=level.shape,
                dtype=np.uint8,
                tile=(TILE_PX, TILE_PX),
                compression="jpeg",
                photometric="ycbcr",
                subsampling=(2, 2),
                resolution=(1e4 / mpp / step, 1e4 / mpp / step),
                resolutionunit="CENTIMETER",
                subfiletype=int(step > 1),
                metadata=None,
            )
    return TissueSlide(path, image.shape[0], tiles)


def _mosaic(side_px: int) -> NDArray[np.uint8]:
    left, top, side = TISSUE_PX0
    with open_slide(SAMPLES["skin"].path, reader="openslide") as slide:
        part = slide.read((left, top), 0, (side, side))
    times = -(-side_px // (2 * side))
    mirrored = np.concatenate([part, part[:, ::-1]], axis=1)
    mirrored = np.concatenate([mirrored, mirrored[::-1]], axis=0)
    return np.ascontiguousarray(np.tile(mirrored, (times, times, 1))[:side_px, :side_px])


def _tiles(level: NDArray[np.uint8]) -> Iterator[bytes]:
    height, width = level.shape[:2]
    for top in range(0, height, TILE_PX):
        for left in range(0, width, TILE_PX):
            tile = np.full((TILE_PX, TILE_PX, 3), 255, np.uint8)
            cut = level[top : top + TILE_PX, left : left + TILE_PX]
            tile[: cut.shape[0], : cut.shape[1]] = cut
            yield encode_jpeg(tile, quality=QUALITY, colorsubsampling="420")
