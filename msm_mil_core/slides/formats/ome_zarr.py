"""Opens OME-Zarr 0.4 and 0.5: a folder of levels in chunks."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.decoded_tiles import DecodedTiles
from msm_mil_core.slides.formats.bright_field import RGB_ALONE, flaw_of_channels, flaw_of_depth, flaw_of_stack
from msm_mil_core.slides.formats.multiscale import Multiscale, UnusualError, read_multiscale
from msm_mil_core.slides.formats.opened_image import VENDOR, LevelSizes, OpenedImage
from msm_mil_core.slides.formats.pixel_hash import hash_pixels
from msm_mil_core.slides.formats.tiff_pages import remark_of_images
from msm_mil_core.slides.formats.zarr_mark import image_inside, place_in_zip
from msm_mil_core.slides.readers.array_level import ArrayLevel, array_level
from msm_mil_core.slides.readers.levels_reader import LevelsReader
from msm_mil_core.slides.readers.reader import ReadError

ZARR, OME_ZARR = "zarr", "ome-zarr"
MPP_X, MPP_Y = "ome-zarr.mpp-x", "ome-zarr.mpp-y"
MOST_IMAGES = 64
"""So many images of a group are compared in size."""
WITHOUT_ZARR = "{path} is OME-Zarr, which needs the library zarr: pip install 'napari-msm-mil[zarr]'"
_DAMAGE = (OSError, ValueError, LookupError, TypeError, RuntimeError, AttributeError)
"""What zarr may raise on a damaged group; its own errors are ValueErrors and KeyErrors."""


def open_ome_zarr(path: Path, tiles: DecodedTiles, store: Any = None) -> OpenedImage:
    """Open the largest image of a group of OME-Zarr, the first of equals.

    Parameters
    ----------
    path
        The folder or the zip archive (.ozx); with a `store` only what it is called.
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
        root = _root(zarr, path) if store is None else zarr.open_group(store, mode="r")
        images = _images(root)
        at, image, arrays = max(images, key=lambda each: _area_px(each[1], each[2][0]))
    except _DAMAGE as exc:
        raise _damaged(path, exc) from exc
    _check(path, image, arrays)
    found = sorted(zip(arrays, image.mpps, strict=True), key=lambda each: -_area_px(image, each[0]))
    levels = _levels(image, [array for array, _ in found])
    reader = LevelsReader(levels, tiles, ZARR)
    return OpenedImage(
        path=path,
        handle=LevelSizes(tuple(level.size_px for level in levels)),
        properties={VENDOR: OME_ZARR, **_properties(found[0][1])},
        reader=reader,
        quick_hash=_hash(path, reader),
        remark=remark_of_images(len(images), levels[0].size_px, first=at == images[0][0]),
    )


def _root(zarr: Any, path: Path) -> Any:
    """Open a folder, or what is packed in a zip archive."""
    if path.is_dir():
        return zarr.open_group(str(path), mode="r")
    store = zarr.storage.ZipStore(path, mode="r", read_only=True)
    return zarr.open_group(store, path=place_in_zip(path) or "", mode="r")


def _images(root: Any) -> list[tuple[str, Multiscale, list[Any]]]:
    """Return where each image of a group is, and its levels; of several, those beside the first that can be read."""
    if image_inside(dict(root.attrs)) == "":
        return [_image(root, "")]
    names = sorted((name for name in root.group_keys() if name.isdigit()), key=int)[:MOST_IMAGES]
    if not names:
        raise UnusualError("it holds no image")
    others: list[tuple[str, Multiscale, list[Any]]] = []
    for name in names[1:]:
        with suppress(*_DAMAGE):
            others.append(_image(root, name))
    return [_image(root, names[0]), *others]


def _image(root: Any, name: str) -> tuple[str, Multiscale, list[Any]]:
    group = root[name] if name else root
    image = read_multiscale(dict(group.attrs))
    missing = [path for path in image.paths if path not in group]
    if missing:
        raise UnusualError(f"its level {missing[0]!r} is missing")
    return name, image, [group[path] for path in image.paths]


def _area_px(image: Multiscale, array: Any) -> int:
    shape = dict(zip(image.axes, array.shape, strict=False))
    return int(shape.get("x", 0)) * int(shape.get("y", 0))


def _damaged(path: Path, exc: Exception) -> SlideError:
    why = exc if isinstance(exc, UnusualError) else f"{type(exc).__name__}: {exc}"
    return SlideError(f"{path} cannot be opened as OME-Zarr, since {why}. Copy or export it again.")


def _check(path: Path, image: Multiscale, arrays: Sequence[Any]) -> None:
    """Refuse what is no plane of red, green and blue in bytes."""
    shape = dict(zip(image.axes, arrays[0].shape, strict=False))
    if any(len(array.shape) != len(image.axes) for array in arrays):
        raise SlideError(f"{path} is damaged: its arrays do not have the axes {image.axes}. Copy or export it again.")
    if any(0 in array.shape for array in arrays):
        raise SlideError(f"{path} is damaged: it has a level without pixels. Copy or export it again.")
    channels = int(shape.get("c", 1))
    flaw = (
        flaw_of_stack(int(shape.get("z", 1)), int(shape.get("t", 1)))
        or flaw_of_channels(channels, image.names, image.colors)
        or flaw_of_depth(8 * np.dtype(arrays[0].dtype).itemsize)
    )
    if not flaw and (channels != 3 or arrays[0].dtype != np.uint8):
        flaw = f"has {channels} channel{'s' * (channels > 1)} of {arrays[0].dtype}; {RGB_ALONE}"
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


def _properties(mpp: tuple[float, float] | None) -> dict[str, str]:
    return {} if mpp is None else {MPP_X: str(mpp[0]), MPP_Y: str(mpp[1])}


def _hash(path: Path, reader: LevelsReader) -> str:
    try:
        return hash_pixels(reader)
    except ReadError as exc:
        raise SlideError(f"{path} opens, but cannot be read ({exc}): it is damaged. Copy or export it again.") from exc
