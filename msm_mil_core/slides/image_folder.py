"""The images of a folder, each of which opens as a slide."""

from pathlib import Path

from msm_mil_core.slides.picture import picture_kind
from msm_mil_core.slides.slide_file import is_dicom


def images_in(folder: Path) -> tuple[Path, ...]:
    """Return the PNG, JPEG and TIFF files of a folder, by their content, in the order of their names.

    None of a folder that holds DICOM files: it is one slide.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    if any(map(is_dicom, files)):
        return ()
    return tuple(path for path in files if picture_kind(path))
