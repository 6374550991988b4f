"""The images of a folder, each of which opens as a slide, and the folders of images inside another."""

from pathlib import Path

from msm_mil_core.slides.formats.dicom_mark import is_dicom
from msm_mil_core.slides.formats.picture import picture_kind


def images_in(folder: Path) -> tuple[Path, ...]:
    """Return the PNG, JPEG and TIFF files of a folder, by their content, in the order of their names.

    None of a folder that holds DICOM files: it is one slide.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    if any(map(is_dicom, files)):
        return ()
    return tuple(path for path in files if picture_kind(path))


def folders_of_images(folder: Path) -> tuple[Path, ...]:
    """Return the folders that hold images, this one or any inside it, in the order of their names."""
    inside = sorted(path for path in folder.rglob("*") if path.is_dir() and not path.name.startswith("."))
    return tuple(path for path in (folder, *inside) if images_in(path))
