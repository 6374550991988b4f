"""The images of a folder, each of which opens as a slide, and the folders of images inside another."""

from collections.abc import Iterator
from pathlib import Path

from msm_mil_core.slides.formats.dicom_mark import is_dicom
from msm_mil_core.slides.formats.picture import picture_kind
from msm_mil_core.slides.formats.zarr_mark import is_ome_zarr


def images_in(folder: Path) -> tuple[Path, ...]:
    """Return the PNG, JPEG and TIFF files of a folder, by their content, in the order of their names.

    None of a folder that holds DICOM files or is OME-Zarr: it is one slide.
    """
    if is_ome_zarr(folder):
        return ()
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    if any(map(is_dicom, files)):
        return ()
    return tuple(path for path in files if picture_kind(path))


def folders_of_images(folder: Path) -> tuple[Path, ...]:
    """Return the folders that hold images, this one or any inside it, in the order of their names."""
    return tuple(path for path in (folder, *sorted(_inside(folder))) if images_in(path))


def _inside(folder: Path) -> Iterator[Path]:
    """Give the folders inside, at any depth, but none that is hidden or a part of a slide in OME-Zarr."""
    if is_ome_zarr(folder):
        return
    for path in folder.iterdir():
        if path.is_dir() and not path.name.startswith("."):
            yield path
            yield from _inside(path)
