"""Regions as openslide composes them, or its interface to a decoded picture."""

from dataclasses import dataclass

import numpy as np
from openslide import AbstractSlide, OpenSlideError
from PIL import Image

from msm_mil_core.slides.decoded_tiles import Pixels
from msm_mil_core.slides.readers.reader import ReadError


@dataclass(frozen=True, slots=True, eq=False)
class OpenslideReader:
    """An open handle of openslide, or a picture behind its interface."""

    handle: AbstractSlide
    downsamples: tuple[float, ...]
    """The one factor per level by which openslide itself converts positions: the mean of the two exact ratios."""
    background_rgb: tuple[int, int, int]
    """Colour of transparent areas."""
    name: str
    reductions: tuple[int, ...] = (1,)
    keeps_tiles: bool = False

    def read(self, level: int, xy_px: tuple[int, int], size_px: tuple[int, int], reduction: int = 1) -> Pixels:
        """Read a region of a level; where its position is a fraction of a level-0 pixel, openslide blends."""
        if reduction != 1:
            raise ValueError(f"openslide does not reduce a level {reduction} times")
        factor = self.downsamples[level]
        location = round(xy_px[0] * factor), round(xy_px[1] * factor)
        try:
            image = self.handle.read_region(location, level, size_px)
        except OpenSlideError as exc:
            raise ReadError(str(exc)) from exc
        return over_background(image, self.background_rgb)


def over_background(image: Image.Image, background_rgb: tuple[int, int, int]) -> Pixels:
    """Return an image as (height, width, 3), a colour showing through where it is transparent."""
    if image.mode != "RGBA" or image.getchannel("A").getextrema() == (255, 255):
        return np.array(image.convert("RGB"))
    opaque = Image.new("RGB", image.size, background_rgb)
    opaque.paste(image, mask=image)
    return np.array(opaque)
