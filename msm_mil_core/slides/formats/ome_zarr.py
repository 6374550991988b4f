"""Opens OME-Zarr 0.4 and 0.5: a folder of levels in chunks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.decoded_tiles import DecodedTiles
from msm_mil_core.slides.formats.bright_field import RGB_ALONE, flaw_of_channels, flaw_of_depth, flaw_of_stack
from msm_mil_core.slides.formats.multiscale import Multiscale, UnusualError, read_multiscale
from msm_mil_core.slides.formats.opened_image import VENDOR, LevelSizes, OpenedImage
from msm_mil_core.slides.formats.pixel_hash import hash_pixels
from msm_mil_core.slides.formats.zarr_mark import image_inside
from msm_mil_core.slides.readers.array_level import ArrayLevel, array_level
from msm_mil_core.slides.readers.levels_reader import LevelsReader
from msm_mil_core.slides.readers.reader import ReadError

ZARR, OME_ZARR = "zarr", "ome-zarr"
MPP_X, MPP_Y = "ome-zarr.mpp-x", "ome-zarr.mpp-y"
WITHOUT_ZARR = "{path} is OME-Zarr, which needs the library zarr: pip install 'napari-msm-mil[zarr]'"
_DAMAGE = (OSError, ValueError, LookupError, TypeError, RuntimeError, AttributeError)
"""What zarr may raise on a damaged group; its own errors are ValueErrors and KeyErrors."""


def open_ome_zarr(path: Path, tiles: DecodedTiles, store: Any = None) -> OpenedImage:
    """Open the first image of a group of OME-Zarr.

    Parameters
    ----------
    path
        The folder; with a `store` only what it is called.
    store
        A store of the library zarr, for groups on other computers.

    Raises
    ------
    SlideError
        If zarr is not installed, it is damaged, or it is no plane of RGB of 8 bits.
    """
    try:
        import zarr
    except ImportError as exc:
        raise SlideError(WITHOUT_ZARR.format(path=path)) from exc
    try:
        root: Any = zarr.open_group(str(path) if store is None else store, mode="r")
        where = image_inside(dict(root.attrs))
        group: Any = root[where] if where else root
        image = read_multiscale(dict(group.attrs))
        arrays = [group[name] for name in image.paths]
    except _DAMAGE as exc:
        raise _damaged(path, exc) from exc
    _check(path, image, arrays)
    levels = _levels(image, arrays)
    reader = LevelsReader(levels, tiles, ZARR)
    return OpenedImage(
        path=path,
        handle=LevelSizes(tuple(level.size_px for level in levels)),
        properties={VENDOR: OME_ZARR, **_properties(image)},
        reader=reader,
        quick_hash=_hash(path, reader),
        remark=_remark(root, where, levels[0].size_px),
    )


def _damaged(path: Path, exc: Exception) -> SlideError:
    why = exc if isinstance(exc, UnusualError) else f"{type(exc).__name__}: {exc}"
    return SlideError(f"{path} cannot be opened as OME-Zarr, since {why}. Copy or export it again.")


def _check(path: Path, image: Multiscale, arrays: Sequence[Any]) -> None:
    """Refuse what is no plane of red, green and blue in bytes."""
    shape = dict(zip(image.axes, arrays[0].shape, strict=False))
    if any(len(array.shape) != len(image.axes) for array in arrays):
        raise SlideError(f"{path} is damaged: its arrays do not have the axes {image.axes}. Copy or export it again.")
    channels = int(shape.get("c", 1))
    flaw = (
        flaw_of_stack(int(shape.get("z", 1)), int(shape.get("t", 1)))
        or flaw_of_channels(channels, image.names, image.colors)
        or flaw_of_depth(8 * np.dtype(arrays[0].dtype).itemsize)
    )
    if not flaw and (channels != 3 or arrays[0].dtype != np.uint8):
        flaw = f"has {channels} channel of {arrays[0].dtype}; {RGB_ALONE}"
    if flaw:
        raise SlideError(f"{path} {flaw}")


def _levels(image: Multiscale, arrays: Sequence[Any]) -> list[ArrayLevel]:
    """Return the levels, each smaller than the one before."""
    levels: list[ArrayLevel] = []
    for array in arrays:
        level = array_level(array, image.axes, array.chunks)
        if not levels or max(level.size_px) < max(levels[-1].size_px):
            levels.append(level)
    return levels


def _properties(image: Multiscale) -> dict[str, str]:
    return {} if image.mpp is None else {MPP_X: str(image.mpp[0]), MPP_Y: str(image.mpp[1])}


def _hash(path: Path, reader: LevelsReader) -> str:
    try:
        return hash_pixels(reader)
    except ReadError as exc:
        raise SlideError(f"{path} opens, but cannot be read ({exc}): it is damaged. Copy or export it again.") from exc


def _remark(root: Any, where: str | None, size_px: tuple[int, int]) -> str:
    images = sum(name.isdigit() for name in root) if where else 1
    if images < 2:
        return ""
    return f"holds {images} images (series); the first is shown and used, {size_px[0]} x {size_px[1]} pixels."
