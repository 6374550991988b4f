"""The sample slide: a real one from the network, or one generated from real stained tissue."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pooch
import tifffile
from PIL import Image, ImageDraw

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.slides.slide import is_slide

NAME = "CMU-1-Small-Region.svs"
URL = f"https://openslide.cs.cmu.edu/download/openslide-testdata/Aperio/{NAME}"
SHA256 = "ed92d5a9f2e86df67640d6f92ce3e231419ce127131697fbbce42ad5e002c8a7"
TIMEOUT_S = (4.0, 15.0)
"""To connect, and between two packets."""

MADE_NAME = "made-sample.tiff"
MADE_SIDE_PX0 = 4096
MADE_LEVELS = 4
MADE_MPP = 0.5
_GLASS = (244, 243, 245)


@dataclass(frozen=True, slots=True)
class SampleSlide:
    """A slide to try things on."""

    path: Path
    made: bool
    """Whether it was generated, because the real one could not be downloaded."""
    sentence: str
    """What it is, to be shown to the user."""


def sample_slide(cache: Path, *, fetch: bool = True) -> SampleSlide:
    """Return the sample slide in the folder `cache`, downloaded or generated there the first time.

    One short attempt is made to download OpenSlide's test slide. If it fails, a slide is generated and used later on.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    made = cache / MADE_NAME
    if _is_fetched(cache / NAME) or (fetch and not is_slide(made) and _fetch(cache)):
        return SampleSlide(
            cache / NAME, made=False, sentence=f"Sample slide: {NAME}, H&E skin, OpenSlide test data, CC0."
        )
    if not is_slide(made):
        _write_pyramid(made, _draw())
    return SampleSlide(
        made,
        made=True,
        sentence="Sample slide: a mosaic of scikit-image's immunohistochemistry image, because the real one "
        f"({NAME}) was not downloaded. With a network, delete {made} to get it.",
    )


def _is_fetched(path: Path) -> bool:
    return path.is_file() and pooch.file_hash(str(path)) == SHA256


def _fetch(cache: Path) -> bool:
    downloader = pooch.HTTPDownloader(timeout=TIMEOUT_S)
    with _quiet(pooch.get_logger()):
        try:
            pooch.retrieve(URL, f"sha256:{SHA256}", fname=NAME, path=cache, downloader=downloader)
        except (OSError, ValueError) as exc:  # requests' own errors are OSErrors; a wrong hash is a ValueError
            logging.getLogger(__name__).info("could not fetch %s: %s", URL, exc)
            return False
    return True


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _draw() -> Image.Image:
    """Mirror the tissue into a mosaic, so that no seam shows, and lay a lobed piece of it on glass."""
    from skimage.data import immunohistochemistry  # slow to import, and rarely needed

    patch = np.asarray(immunohistochemistry(), np.uint8)  # type: ignore[no-untyped-call]  # as most of scikit-image
    row = np.concatenate([patch, patch[:, ::-1]], axis=1)
    block = np.concatenate([row, row[::-1]], axis=0)
    times = MADE_SIDE_PX0 // len(block)
    slide = Image.new("RGB", (MADE_SIDE_PX0, MADE_SIDE_PX0), _GLASS)
    slide.paste(Image.fromarray(np.tile(block, (times, times, 1))), mask=_outline(MADE_SIDE_PX0))
    return slide


def _outline(side_px: int) -> Image.Image:
    angle = np.linspace(0, 2 * np.pi, 2000)
    lobes = 0.78 + 0.08 * np.cos(3 * angle + 1) + 0.05 * np.cos(5 * angle) + 0.01 * np.cos(31 * angle)
    reach = lobes * side_px / 2
    outline = Image.new("1", (side_px, side_px))
    corners = np.stack([side_px / 2 + reach * np.cos(angle), side_px / 2 + reach * np.sin(angle)], axis=1)
    ImageDraw.Draw(outline).polygon(corners.ravel().tolist(), fill=1)
    return outline


def _write_pyramid(path: Path, image: Image.Image) -> None:
    with whole_file(path) as part, tifffile.TiffWriter(part) as tiff:
        for level in range(MADE_LEVELS):
            pixels = np.asarray(image.reduce(2**level))
            per_cm = 1e4 / (MADE_MPP * 2**level)
            tiff.write(
                pixels,
                tile=(256, 256),
                photometric="rgb",
                compression="zlib",  # tifffile writes JPEG only with a library that is no dependency
                compressionargs={"level": 1},
                predictor=True,
                subfiletype=int(level > 0),
                resolution=(per_cm, per_cm),
                resolutionunit="CENTIMETER",
                metadata=None,
            )
