"""Small slides of several levels in OME-TIFF, written by tifffile, and in OME-Zarr, written by zarr."""

from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

Colours = Literal["together", "planes", "pages"]
"""How an OME-TIFF stores red, green and blue: beside each other, in planes of one page, or in pages of their own."""
NAMED_RGB = {"Channel": {"Name": ["Red", "Green", "Blue"]}}


def write_ome_tiff(
    path: Path,
    image: NDArray[np.uint8],
    *,
    steps: Collection[int] = (1, 4),
    colours: Colours = "together",
    um: tuple[float, str] | None = (0.25, "µm"),
    deep: bool = False,
    **how: Any,
) -> Path:
    """Write a pyramid of `image` (height, width, 3) whose levels hang below its first page, reduced by each of `steps`.

    Parameters
    ----------
    um
        Physical size of a pixel and its unit; None leaves it out.
    deep
        Store 16 bits a value.
    how
        For tifffile: compression, photometric, …
    """
    size = {} if um is None else {f"PhysicalSize{axis}": um[0] for axis in "XY"}
    size |= {} if um is None else {f"PhysicalSize{axis}Unit": um[1] for axis in "XY"}
    axes = {"together": "YXS", "planes": "SYX", "pages": "CYX"}[colours]
    style: dict[str, Any] = {"photometric": "minisblack" if colours == "pages" else "rgb", "tile": (128, 128)}
    style |= {"planarconfig": "separate"} if colours == "planes" else {}
    style |= {"compression": "zlib", **how}
    metadata = {"axes": axes, **size, **(NAMED_RGB if colours == "pages" else {})}
    with tifffile.TiffWriter(path, ome=True) as tiff:
        for level, step in enumerate(steps):
            part = _arranged(image if step == 1 else np.asarray(Image.fromarray(image).reduce(step)), colours)
            part = part.astype(np.uint16) * 257 if deep else part
            if level == 0:
                tiff.write(part, subifds=len(steps) - 1, metadata=metadata, **style)
            else:
                tiff.write(part, subfiletype=1, **style)
    return path


def _arranged(image: NDArray[np.uint8], colours: Colours) -> NDArray[np.uint8]:
    return image if colours == "together" else np.ascontiguousarray(np.moveaxis(image, 2, 0))


def write_ome_zarr(
    path: Path,
    image: NDArray[Any],
    *,
    version: Literal["0.4", "0.5"] = "0.5",
    steps: Collection[int] = (1, 4),
    axes: str = "cyx",
    um: tuple[float, str] | None = (0.25, "micrometer"),
    chunk_px: int = 128,
    omero: dict[str, Any] | None = None,
) -> Path:
    """Write a multiscale image as OME-Zarr describes it, reduced by each of `steps`.

    Parameters
    ----------
    image
        (height, width, 3); with other `axes` an array that has them, whose last two are y and x.
    """
    import zarr

    drawn = np.moveaxis(image, 2, 0) if axes[-1] != "c" and image.shape[-1] == 3 else image
    drawn = drawn[None, :, None] if axes == "tczyx" and drawn.ndim == 3 else drawn
    group = zarr.open_group(str(path), mode="w", zarr_format=2 if version == "0.4" else 3)
    for level, step in enumerate(steps):
        part = _smaller(drawn, axes, step)
        chunks = tuple(
            min(chunk_px, length) if axis in "yx" else 1 for axis, length in zip(axes, part.shape, strict=True)
        )
        group.create_array(str(level), data=part, chunks=chunks)
    described = {"multiscales": [_multiscale(axes, steps, um)]} | ({} if omero is None else {"omero": omero})
    group.attrs.update(described if version == "0.4" else {"ome": {"version": "0.5", **described}})
    return path


def _multiscale(axes: str, steps: Collection[int], um: tuple[float, str] | None) -> dict[str, Any]:
    side, unit = um or (1.0, None)
    kinds = {"t": "time", "c": "channel"}
    named = [{"name": each, "type": kinds.get(each, "space")} for each in axes]
    scales = [[side * step if axis in "yx" else 1.0 for axis in axes] for step in steps]
    return {
        "version": "0.4",
        "axes": [each | ({"unit": unit} if unit and each["type"] == "space" else {}) for each in named],
        "datasets": [
            {"path": str(level), "coordinateTransformations": [{"type": "scale", "scale": scale}]}
            for level, scale in enumerate(scales)
        ],
    }


def _smaller(drawn: NDArray[Any], axes: str, step: int) -> NDArray[Any]:
    """Take means over blocks of pixels, as Pillow does: (…, y, x), or (y, x, c)."""
    if step == 1:
        return drawn
    if axes == "yxc":
        return np.asarray(Image.fromarray(drawn).reduce(step))
    planes = drawn.reshape(-1, *drawn.shape[-2:])
    small = np.stack([np.asarray(Image.fromarray(plane).reduce(step)) for plane in planes])
    return small.reshape(*drawn.shape[:-2], *small.shape[-2:])
