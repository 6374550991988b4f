"""The size of a pixel in micrometres, and where it comes from."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.formats.ome import ome_pixel_size_um, um_per_unit

SANE_MPP = (0.05, 20.0)
"""No slide scanner makes pixels outside this range: a TIFF that says 72 dots per inch (353 µm) was never calibrated."""
SQUARE_WITHIN = 0.05
"""Pixels whose sides differ by at most this share count as square, with the mean side."""

_UM_PER_UNIT = {"inch": 25_400.0, "centimeter": 10_000.0}
_APERIO_MPP = re.compile(r"\|\s*MPP\s*=\s*([0-9.]+)")
_IMAGEJ_UNIT = re.compile(r"^unit=(.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PixelSize:
    """Micrometres per level-0 pixel and where they come from; `mpp` is None and `origin` "missing" if unknown."""

    mpp: float | None
    origin: str
    remark: str
    """Why what the file says is not used; empty if it is used or says nothing."""


def find_pixel_size(path: Path, properties: Mapping[str, str], typed_mpp: float | None = None) -> PixelSize:
    """Take the first plausible value: the typed one, one that a program wrote for it, or the TIFF's resolution.

    Programs that write it are those of OME-XML, OME-Zarr, ImageJ and Fiji, and of the scanners that openslide reads.

    A value out of `SANE_MPP`, or one whose two sides differ by more than `SQUARE_WITHIN`, is not used, with a remark:
    the slide can still be viewed, and a run asks for the value.

    Raises
    ------
    SlideError
        If the typed value is out of `SANE_MPP`.
    """
    if typed_mpp is not None:
        return _typed(path, typed_mpp)
    remark = ""
    for origin, x_um, y_um in _recorded(properties):
        remark = remark or _doubt(origin, x_um, y_um)
        if not _doubt(origin, x_um, y_um):
            return PixelSize((x_um + y_um) / 2, origin, "")
    return PixelSize(None, "missing", remark)


def _typed(path: Path, mpp: float) -> PixelSize:
    low, high = SANE_MPP
    if not low <= mpp <= high:
        raise SlideError(f"{path}: {mpp:g} µm per pixel is implausible; give a value from {low:g} to {high:g}.")
    return PixelSize(float(mpp), "user", "")


def _recorded(properties: Mapping[str, str]) -> Iterator[tuple[str, float, float]]:
    ome = ome_pixel_size_um(properties)
    if ome is not None:
        yield "ome.PhysicalSizeX", *ome
    yield from _sides(properties, "ome-zarr.mpp-x", "ome-zarr.mpp-y", lambda um: um)
    yield from _sides(properties, "layer.mpp-x", "layer.mpp-y", lambda um: um)
    yield from _of_imagej(properties)
    yield from _sides(properties, "openslide.mpp-x", "openslide.mpp-y", lambda um: um)
    yield from _of_aperio(properties)
    unit_um = _UM_PER_UNIT.get(properties.get("tiff.ResolutionUnit", ""))
    if unit_um is not None:
        yield from _sides(properties, "tiff.XResolution", "tiff.YResolution", lambda per_unit: unit_um / per_unit)


def _of_imagej(properties: Mapping[str, str]) -> Iterator[tuple[str, float, float]]:
    """Give what ImageJ and Fiji say: the resolution is of the unit that the description names, not of the TIFF's."""
    description = properties.get("tiff.ImageDescription", "")
    found = _IMAGEJ_UNIT.search(description) if description.startswith("ImageJ=") else None
    unit_um = um_per_unit(found[1].replace("\\u00B5", "µ")) if found else None
    if unit_um is not None:
        for _, x_um, y_um in _sides(properties, "tiff.XResolution", "tiff.YResolution", lambda n: unit_um / n):
            yield "imagej.unit", x_um, y_um


def _of_aperio(properties: Mapping[str, str]) -> Iterator[tuple[str, float, float]]:
    """Give what Aperio wrote into the description of a file that openslide does not open as Aperio's."""
    description = properties.get("tiff.ImageDescription", "")
    found = _APERIO_MPP.search(description) if description.startswith("Aperio") else None
    if found:
        yield from _sides({"aperio.MPP": found[1]}, "aperio.MPP", "aperio.MPP", lambda um: um)


def _sides(
    properties: Mapping[str, str], across: str, down: str, to_um: Callable[[float], float]
) -> Iterator[tuple[str, float, float]]:
    try:
        yield across, to_um(float(properties[across])), to_um(float(properties[down]))
    except (KeyError, ValueError, ZeroDivisionError):
        return


def _doubt(origin: str, x_um: float, y_um: float) -> str:
    low, high = SANE_MPP
    if not (low <= x_um <= high and low <= y_um <= high):
        return f"the file says {x_um:.4g} x {y_um:.4g} µm per pixel ({origin}), which is not plausible for a slide."
    if abs(x_um - y_um) > SQUARE_WITHIN * max(x_um, y_um):
        return f"the file says that pixels are not square ({x_um:.4g} x {y_um:.4g} µm, {origin})."
    return ""
