"""Opens TIFFs in tiles through tifffile: with levels that hang below a page, or tiles that openslide does not read."""

from dataclasses import replace
from pathlib import Path

from msm_mil_core.slides.decoded_tiles import DecodedTiles
from msm_mil_core.slides.formats.opened_image import VENDOR, LevelSizes, OpenedImage
from msm_mil_core.slides.formats.slide_file import hash_ends
from msm_mil_core.slides.formats.tiff_pages import remark_of_images
from msm_mil_core.slides.readers.byte_file import ByteFile
from msm_mil_core.slides.readers.levels_reader import LevelsReader
from msm_mil_core.slides.readers.series_levels import SeriesLevels, series_levels

TIFFFILE = "tifffile"
OME_TIFF, TILED_TIFF = "ome-tiff", "tiled-tiff"


def open_tiff_series(path: Path, file: Path, tiles: DecodedTiles, quick_hash: str = "") -> OpenedImage:
    """Open the largest image of a TIFF with all its levels.

    Parameters
    ----------
    quick_hash
        By which openslide knows it, if it does.

    Raises
    ------
    NotDirectError
        If it is no TIFF in tiles of RGB or grey.
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
        properties={VENDOR: OME_TIFF if ome else TILED_TIFF, **found.properties},
        reader=LevelsReader(found.levels, tiles, TIFFFILE),
        quick_hash=quick_hash,
        profile=found.profile,
        remark=remark_of_images(found.images, sizes_px[0], first=found.is_first),
        find_tiles=found.direct,
    )
