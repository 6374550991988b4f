"""What the values of a page of a TIFF stand for, and how they become RGB."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.slides.decoded_tiles import Pixels
from msm_mil_core.slides.readers.tiled_level import NotDirectError

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _YCBCR = 0, 1, 2, 6
"""Photometric interpretations of TIFF."""
_JPEG, _WEBP = 7, 50001
"""Compressions whose decoders return RGB where they store YCbCr."""
_MULTIPLIED, _APART = 1, 2
"""What a value after the colours is: opacity, by which the colours are multiplied already, or are not."""
_KINDS = (np.uint8, np.uint16)


@dataclass(frozen=True, slots=True)
class PageColors:
    """Of one page."""

    colors: int
    """Values of a pixel that are colours: 3, or 1 for grey."""
    has_opacity: bool
    white_is_zero: bool
    """Whether its shades of grey are upside down."""
    multiplied: bool
    """Whether the colours are multiplied by their opacity."""

    @property
    def samples(self) -> int:
        """How many of the values of a pixel count."""
        return self.colors + self.has_opacity

    def as_rgb(self, pixels: NDArray[Any]) -> Pixels:
        """Return RGB of 8 bits, or RGBA, from the values that count (height, width, samples)."""
        whole = _in_bytes(pixels)
        if self.white_is_zero:
            whole = np.concatenate([255 - whole[..., :1], whole[..., 1:]], axis=2)
        if self.colors == 1:
            whole = np.concatenate([whole[..., :1]] * 3 + [whole[..., 1:]], axis=2)
        return np.ascontiguousarray(_divided(whole) if self.multiplied else whole)


RGB_IN_PAGES = PageColors(colors=3, has_opacity=False, white_is_zero=False, multiplied=False)
"""Of three pages, one for each colour."""


def page_colors(page: Any) -> PageColors:
    """Return what the values of a page of tifffile's stand for.

    Raises
    ------
    NotDirectError
        If they are not RGB or grey in whole numbers of 8 or 16 bits.
    """
    if page.dtype not in _KINDS or page.bitspersample != page.dtype.itemsize * 8:
        raise NotDirectError("its pixels are not of 8 bits")
    colors = _colors(page)
    if page.samplesperpixel - colors not in (0, 1):
        raise NotDirectError("its pixels are neither RGB nor grey")
    return PageColors(
        colors=colors,
        has_opacity=page.extrasamples in ((_MULTIPLIED,), (_APART,)),
        white_is_zero=page.photometric == _WHITE_IS_ZERO,
        multiplied=page.extrasamples == (_MULTIPLIED,),
    )


def _colors(page: Any) -> int:
    if page.photometric == _RGB or (page.photometric == _YCBCR and page.compression in (_JPEG, _WEBP)):
        return 3
    if page.photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO):
        return 1
    raise NotDirectError("its pixels are neither RGB nor grey")


def _in_bytes(values: NDArray[Any]) -> Pixels:
    """Take 16 bits a value in 8, as openslide does."""
    if values.dtype == np.uint8:
        return values
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _divided(rgba: Pixels) -> Pixels:
    """Take colours that are multiplied by their opacity as they were before."""
    opacity = np.maximum(rgba[..., 3:], 1).astype(np.float32)
    colors = np.minimum(np.rint(rgba[..., :3] * (255 / opacity)), 255).astype(np.uint8)
    return np.concatenate([colors, rgba[..., 3:]], axis=2)
