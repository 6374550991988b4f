"""Why a page of a TIFF is not shown: its values are no colours of 8 bits, or no one says which colours they are."""

from msm_mil_core.slides.formats.bright_field import RGB_ALONE, flaw_of_depth
from msm_mil_core.slides.formats.tiff_pages import TiffPage

_COLOURS = {
    4: "is a mask, not an image",
    5: "stores its colours as the inks of a printer (CMYK)",
    8: "stores its colours as CIE Lab",
    9: "stores its colours as CIE Lab",
    10: "stores its colours as CIE Lab",
    32803: "stores what the sensor of a camera saw, before it became colours",
    34892: "stores what the sensor of a camera saw, before it became colours",
    32844: "stores brightness as logarithms",
    32845: "stores brightness as logarithms",
}
"""Photometric interpretations of TIFF that are no shades of grey and no RGB."""
_SIGNED, _FRACTIONS = 2, 3
_RGB = 2
_MOST_SAMPLES = 4
_DEEP = 16
"""Bits of a value in which RGB is still read, and shown in 8."""


def flaw_of_page(page: TiffPage) -> str:
    """Say why a page is not shown, to follow the name of the file; empty if it may be."""
    return _flaw_of_colours(page) or _flaw_of_numbers(page) or _flaw_of_bits(page)


def _flaw_of_colours(page: TiffPage) -> str:
    if page.photometric in _COLOURS:
        return f"{_COLOURS[page.photometric]}; {RGB_ALONE}"
    if page.photometric == _RGB and page.samples > _MOST_SAMPLES:
        return f"has {page.samples} channels, as fluorescence has; {RGB_ALONE}"
    return ""


def _flaw_of_numbers(page: TiffPage) -> str:
    if page.numbers == _FRACTIONS:
        return f"stores numbers with a fraction (floating point); {RGB_ALONE}"
    return f"stores numbers with a sign; {RGB_ALONE}" if page.numbers == _SIGNED else ""


def _flaw_of_bits(page: TiffPage) -> str:
    return "" if page.samples > 2 and page.bits == _DEEP else flaw_of_depth(page.bits)
