"""Opens TIFFs in tiles through tifffile: with levels that hang below a page, or tiles that openslide does not read."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from msm_mil_core.slides.decoded_tiles import DecodedTiles
from msm_mil_core.slides.formats.opened_image import VENDOR, LevelSizes, OpenedImage
from msm_mil_core.slides.formats.slide_file import hash_ends
from msm_mil_core.slides.formats.tiff_pages import remark_of_images
from msm_mil_core.slides.readers.byte_file import ByteFile
from msm_mil_core.slides.readers.levels_reader import LevelsReader
from msm_mil_core.slides.readers.series_levels import SeriesLevels, series_levels

_APERIO_MPP = re.compile(r"\|\s*MPP\s*=\s*([0-9.]+)")
TIFFFILE = "tifffile"
OME_TIFF, TILED_TIFF = "ome-tiff", "tiled-tiff"


def open_tiff_series(path: Path, file: Path, tiles: DecodedTiles, quick_hash: str = "") -> OpenedImage:
    """Open the first image of a TIFF with all its levels.

    Parameters
    ----------
    quick_hash
        By which openslide knows it, if it does.

    Raises
    ------
    NotDirectError
        If it is no TIFF in tiles of RGB of 8 bits.
    OSError
        If it cannot be read.
    """
    with file.open("rb") as opened:
        found = series_levels(opened, ByteFile(file))
    return replace(opened_series(path, found, tiles, quick_hash or hash_ends(file)), file=file)


def opened_series(path: Path, found: SeriesLevels, tiles: DecodedTiles, quick_hash: str) -> OpenedImage:
    """Return the levels that tifffile has found as a slide."""
    sizes_px = tuple(level.size_px for level in found.levels)
    ome = "<OME" in found.properties.get("tiff.ImageDescription", "")
    return OpenedImage(
        path=path,
        handle=LevelSizes(sizes_px),
        properties={VENDOR: OME_TIFF if ome else TILED_TIFF, **found.properties, **_of_aperio(found.properties)},
        reader=LevelsReader(found.levels, tiles, TIFFFILE),
        quick_hash=quick_hash,
        profile=found.profile,
        remark=remark_of_images(found.images, sizes_px[0]),
        find_tiles=found.direct,
    )


def _of_aperio(properties: Mapping[str, str]) -> dict[str, str]:
    """Return the size of a pixel that Aperio writes into its description, by openslide's name."""
    description = properties.get("tiff.ImageDescription", "")
    found = _APERIO_MPP.search(description) if description.startswith("Aperio") else None
    return {} if found is None else {"openslide.mpp-x": found[1], "openslide.mpp-y": found[1]}
