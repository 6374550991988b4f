"""Small real slides, written by the tests and opened by openslide."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

GLASS = (243, 242, 244)
TISSUE = (214, 140, 190)
HOT = (90, 30, 120)
BOUNDS = (256, 128, 1536, 1280)
"""Bounds for `a_drawn_slide` that hold all of its tissue."""

_LEICA = "http://www.leica-microsystems.com/scn/2010/10/01"


@dataclass(frozen=True, slots=True)
class DrawnSlide:
    """A slide whose picture is known: glass, one field of tissue, one hot square in it (x, y, width, height)."""

    path: Path
    size_px0: tuple[int, int]
    tissue_px0: tuple[int, int, int, int]
    hot_px0: tuple[int, int, int, int]
    bounds_px0: tuple[int, int, int, int] | None
    mpp: float | None


def a_drawn_slide(
    path: Path,
    *,
    mpp: float | None = 0.5,
    levels: int = 3,
    bounds: tuple[int, int, int, int] | None = None,
) -> DrawnSlide:
    """Write 2048 x 1536 px of glass, tissue at (512, 256, 1024, 1024) and a hot square at (1024, 512, 256, 256).

    With `bounds` (for example `BOUNDS`) the file is one of which openslide reports bounds, as in `write_slide`.
    """
    tissue, hot = (512, 256, 1024, 1024), (1024, 512, 256, 256)
    picture = a_picture((2048, 1536), {tissue: TISSUE, hot: HOT})
    write_slide(path, picture, mpp=mpp, levels=levels, bounds=bounds)
    return DrawnSlide(path, (2048, 1536), tissue, hot, bounds, mpp)


def a_picture(
    size_px: tuple[int, int],
    fields: dict[tuple[int, int, int, int], tuple[int, int, int]],
    *,
    background: tuple[int, int, int] = GLASS,
    noise: float = 4.0,
) -> NDArray[np.uint8]:
    """Draw coloured rectangles {(x, y, width, height): rgb} on glass, with camera noise (always the same)."""
    width, height = size_px
    picture = np.full((height, width, 3), background, np.float32)
    for (x, y, w, h), rgb in fields.items():
        picture[y : y + h, x : x + w] = rgb
    picture += np.random.default_rng(0).normal(0, noise, picture.shape[:2])[..., None]
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def write_slide(
    path: Path,
    image: NDArray[np.uint8],
    *,
    mpp: float | None = 0.5,
    levels: int = 3,
    bounds: tuple[int, int, int, int] | None = None,
) -> Path:
    """Write a pyramid of `image` (height, width, 3), each level half of the one before, that openslide opens.

    Without `bounds` it is a generic tiled TIFF. With `bounds` (x, y, width, height in level-0 pixels, multiples of
    2 ** (levels - 1)) it is a Leica SCN: the slide has the size of `image` and the same coordinates, but holds only the
    pixels inside the bounds; outside it is transparent, and openslide reports the bounds.
    """
    if bounds is None:
        _write_pyramid(path, image, mpp, levels)
    else:
        x, y, w, h = bounds
        part = image[y : y + h, x : x + w]
        _write_pyramid(path, part, mpp, levels, _leica_xml(image.shape[1::-1], bounds, mpp or 0.5, levels))
    return path


def _write_pyramid(
    path: Path, image: NDArray[np.uint8], mpp: float | None, levels: int, description: str | None = None
) -> None:
    with tifffile.TiffWriter(path, bigtiff=description is not None) as tiff:
        for level in range(levels):
            per_cm = None if mpp is None else 1e4 / mpp / 2**level
            tiff.write(
                _reduced(image, 2**level),
                tile=(256, 256),
                photometric="rgb",
                compression="zlib",
                compressionargs={"level": 1},
                subfiletype=int(level > 0),
                resolution=None if per_cm is None else (per_cm, per_cm),
                resolutionunit=None if per_cm is None else "CENTIMETER",
                description=description if level == 0 else None,
                metadata=None,
                software=False,
            )


def _reduced(image: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    return image if factor == 1 else np.asarray(Image.fromarray(image).reduce(factor))


def _leica_xml(size_px0: tuple[int, ...], bounds: tuple[int, int, int, int], mpp: float, levels: int) -> str:
    nm = round(mpp * 1000)
    x, y, w, h = bounds
    dimensions = "".join(
        f'<dimension sizeX="{-(-w // 2**k)}" sizeY="{-(-h // 2**k)}" r="{k}" ifd="{k}"/>' for k in range(levels)
    )
    return (
        f'<?xml version="1.0"?><scn xmlns="{_LEICA}" uuid="urn:uuid:00000000-0000-0000-0000-000000000000">'
        f'<collection name="drawn" uuid="urn:uuid:00000000-0000-0000-0000-000000000001"'
        f' sizeX="{size_px0[0] * nm}" sizeY="{size_px0[1] * nm}"><barcode>ZHJhd24=</barcode>'
        f'<image name="image_0" uuid="urn:uuid:00000000-0000-0000-0000-000000000002">'
        f"<creationDate>2026-01-01T00:00:00Z</creationDate>"
        f'<device model="drawn" version="1"/>'
        f'<pixels sizeX="{w}" sizeY="{h}">{dimensions}</pixels>'
        f'<view sizeX="{w * nm}" sizeY="{h * nm}" offsetX="{x * nm}" offsetY="{y * nm}" spacingZ="0"/>'
        f"<scanSettings><objectiveSettings><objective>20</objective></objectiveSettings>"
        f"<illuminationSettings><numericalAperture>0.5</numericalAperture>"
        f"<illuminationSource>brightfield</illuminationSource></illuminationSettings></scanSettings>"
        f"</image></collection></scn>"
    )
