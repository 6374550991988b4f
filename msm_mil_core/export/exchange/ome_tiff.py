"""The maps of a result as an OME-TIFF, for QuPath, Fiji, OMERO and napari."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffWriter

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.export.exchange.facts import NAMESPACE, NOT_SHOWN, plain_text, result_facts
from msm_mil_core.export.exchange.map_options import MapOptions
from msm_mil_core.export.exchange.stage_maps import Rgb, StageMaps, draw_maps
from msm_mil_core.export.tables.json_file import WARNING
from msm_mil_core.results.slide_result import SlideResult

BLOCK_PX = 256
"""Side of the blocks in which pixels are stored."""
MOST_PX_PER_TILE = 16
LONGEST_PX = 4096
"""Longer side of the finest level at most, unless one pixel a tile is more."""
SHORT_PX = 512
"""The longer side of a level below which there is none coarser."""
MICROMETRE = "µm"


def write_ome_tiff(result: SlideResult, path: Path, options: MapOptions | None = None) -> None:
    """Write the maps as a pyramid of float32, a channel a map, over the whole slide from its level-0 corner.

    A tile is a square of equal pixels on every level, so no value is ever an average. Pixels have their size in
    micrometres, channels the names and colours of the stages; `PositionX` and `PositionY` of each plane are where the
    centre of the first pixel lies, counted from the centre of the slide's first pixel, in micrometres. A map annotation
    holds what the result is of, and the numbers that place the image on level 0 and in QuPath.

    Raises
    ------
    OutputError
        If evidence is asked of a model that has none, or the file cannot be written.
    """
    maps = draw_maps(result, options)
    factors = _factors(maps)
    with whole_file(path) as part, TiffWriter(part, ome=True) as tiff:
        for level, factor in enumerate(factors):
            first: dict[str, Any] = {"subifds": len(factors) - 1, "metadata": _metadata(result, maps, factor)}
            tiff.write(
                _blocks(maps.values, factor),
                shape=_shape(maps, factor),
                dtype=np.float32,
                tile=(BLOCK_PX, BLOCK_PX),
                photometric="minisblack",
                compression="zlib",
                **(first if level == 0 else {"subfiletype": 1, "metadata": None}),
                **_resolution(maps, factor, result.slide.mpp),
            )


def _factors(maps: StageMaps) -> list[int]:
    """Return how many pixels a tile has across on each level, finest first: powers of two."""
    longer = max(maps.values.shape[1:])
    factor = MOST_PX_PER_TILE
    while factor > 1 and factor * longer > LONGEST_PX:
        factor //= 2
    factors = [factor]
    while factors[-1] > 1 and factors[-1] * longer > SHORT_PX:
        factors.append(factors[-1] // 2)
    return factors


def _shape(maps: StageMaps, factor: int) -> tuple[int, int, int]:
    count, rows, cols = maps.values.shape
    return count, rows * factor, cols * factor


def _blocks(values: NDArray[np.float32], factor: int) -> Iterator[NDArray[np.float32]]:
    """Give the blocks of each map in turn, row by row; beyond the edge they are NaN."""
    cells = BLOCK_PX // factor
    for one in values:
        rows, cols = one.shape
        for top, left in product(range(0, rows, cells), range(0, cols, cells)):
            block = np.full((cells, cells), np.nan, np.float32)
            part = one[top : top + cells, left : left + cells]
            block[: part.shape[0], : part.shape[1]] = part
            yield block.repeat(factor, axis=0).repeat(factor, axis=1)


def _resolution(maps: StageMaps, factor: int, mpp: float | None) -> dict[str, Any]:
    if mpp is None:
        return {}
    per_cm = 1e4 * factor / (maps.cell_px0 * mpp)
    return {"resolution": (per_cm, per_cm), "resolutionunit": "CENTIMETER"}


def _metadata(result: SlideResult, maps: StageMaps, factor: int) -> dict[str, Any]:
    count, mpp = len(maps.names), result.slide.mpp
    said: dict[str, Any] = {
        "axes": "CYX",
        "Name": _attribute(f"{result.slide.name}: MSM-MIL"),
        "Description": _description(result, maps),
        "Channel": {"Name": list(map(_attribute, maps.names)), "Color": list(map(_ome_colour, maps.colours))},
        "MapAnnotation": {"Namespace": NAMESPACE}
        | {_attribute(name): fact for name, fact in result_facts(result).items()}
        | _places(result, maps, factor),
    }
    if mpp is None:
        return said
    side_um = maps.cell_px0 * mpp / factor
    x_um, y_um = (at * mpp + (side_um - mpp) / 2 for at in maps.origin_px0)
    return said | {
        **{f"PhysicalSize{axis}": side_um for axis in "XY"},
        **{f"PhysicalSize{axis}Unit": MICROMETRE for axis in "XY"},
        "Plane": {
            "PositionX": [x_um] * count,
            "PositionXUnit": [MICROMETRE] * count,
            "PositionY": [y_um] * count,
            "PositionYUnit": [MICROMETRE] * count,
        },
    }


def _description(result: SlideResult, maps: StageMaps) -> str:
    return plain_text(
        f"MSM-MIL, {result.model.name}, of {result.slide.name}: {', '.join(maps.names)}. {NOT_SHOWN} "
        f"The image covers the whole slide from its level-0 corner. {WARNING}"
    )


def _places(result: SlideResult, maps: StageMaps, factor: int) -> dict[str, str]:
    """Return the affine transforms that place the finest level, pixels counted from their corners, as six numbers.

    The second leads from the slide's pixels as QuPath counts them to the map's. It is written as QuPath reads one, row
    by row, without exponents, which its parser passes over.
    """
    side_px0 = maps.cell_px0 / factor
    x, y = maps.origin_px0
    left, top = (at - corner for at, corner in zip(maps.origin_px0, result.slide.origin_px0, strict=True))
    return {
        "pixel_to_px0": _numbers(side_px0, 0, x, 0, side_px0, y),
        "qupath_to_pixel": _numbers(1 / side_px0, 0, -left / side_px0, 0, 1 / side_px0, -top / side_px0),
    }


def _numbers(*values: float) -> str:
    return " ".join(np.format_float_positional(value, precision=12, trim="-") for value in values)


def _ome_colour(rgb: Rgb) -> int:
    """Return a colour as OME writes it: red, green, blue and opacity as one signed number of 32 bits."""
    return int.from_bytes(bytes((*rgb, 255)), "big", signed=True)


def _attribute(text: str) -> str:
    """Return text for an attribute of OME-XML: before 2026 tifffile does not escape double quotes there."""
    return plain_text(text).replace('"', "'")
