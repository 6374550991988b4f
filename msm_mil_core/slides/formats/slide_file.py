"""The file behind a path: a slide's file, one of a DICOM folder, or OME-Zarr; and why openslide refuses it."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from openslide import OpenSlide, OpenSlideError, OpenSlideUnsupportedFormatError

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.formats.address import misread_address
from msm_mil_core.slides.formats.bright_field import flaw_of_description
from msm_mil_core.slides.formats.declined.dicom import NO_LEVELS, dicom_flaw, folders_of_dicom, lacks_places
from msm_mil_core.slides.formats.declined.other_kind import other_kind
from msm_mil_core.slides.formats.dicom_mark import is_dicom
from msm_mil_core.slides.formats.picture import CUT_OFF, picture_kind
from msm_mil_core.slides.formats.tiff.page_flaw import flaw_of_page
from msm_mil_core.slides.formats.tiff_pages import TiffPage, flaw_of, is_cut_off, missing_bytes
from msm_mil_core.slides.formats.zarr_mark import OF_ZARR, is_ome_zarr, zarr_trouble

ENDS_BYTES = 2**20
MOST_NAMES = 6
"""So many names are listed in a sentence."""
WITHOUT_PLACES = (
    "{path} says that it lists where each of its frames lies (TILED_SPARSE), and does not: it is damaged. Copy or "
    "export it again."
)


def find_slide_file(path: Path) -> Path:
    """Return the file to open for `path`: itself, or the DICOM file that stands for the one slide of a folder.

    A folder of OME-Zarr stands for itself.

    Raises
    ------
    SlideError
        If there is nothing to open, or more than one slide.
    """
    try:
        if path.is_dir():
            return path if is_ome_zarr(path) else _only_dicom_slide(path)
        if path.is_char_device() or path.is_block_device() or path.is_socket():
            raise SlideError(f"{path} is not a file, but a device. Choose a slide or picture file.")
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as exc:
        raise SlideError(f"Cannot read {path}: {_reason(path, exc)}") from exc
    if empty:
        raise SlideError(f"{path} is empty (0 bytes). Copy or export it again.")
    if is_dicom(path):
        _refuse_without_places(path.parent)
    if path.name in OF_ZARR and is_ome_zarr(path.parent):
        raise SlideError(f"{path} belongs to the OME-Zarr {path.absolute().parent}. Choose that folder.")
    return path


def _reason(path: Path, exc: OSError) -> str:
    return misread_address(path) or f"{exc.strerror or exc}. Check the path and its access rights."


def explain_refusal(path: Path, file: Path, exc: OpenSlideError) -> SlideError:
    """Explain in one sentence why openslide does not open `file`, which stands for `path`, and what to do."""
    if missing := missing_bytes(file):
        return SlideError(CUT_OFF.format(path=path, missing=missing))
    if not isinstance(exc, OpenSlideUnsupportedFormatError):
        if flaw := dicom_flaw(str(exc)):
            return SlideError(f"{path} {flaw}")
        reason = str(exc).removeprefix(f"Reading {file}: ")
        return SlideError(
            f"{path} cannot be opened ({reason}): it is damaged or of an unknown format. Copy or export it again."
        )
    if picture_kind(file):
        return SlideError(f"{path} is cut off: it refers to pages beyond its end. Copy or export it again.")
    return SlideError(f"{path} {other_kind(file)}")


def is_picture(file: Path) -> bool:
    """Return whether a file that openslide does not open is a picture, as far as its beginning shows."""
    if picture_kind(file) != "tiff":
        return bool(picture_kind(file))
    with file.open("rb") as opened:
        return not is_cut_off(opened, opened.read(16), file.stat().st_size)


def check_page(path: Path, pages: Sequence[TiffPage], description: str, shown: int) -> None:
    """Refuse a page of a TIFF that is no plane of bright-field colours of 8 bits.

    Raises
    ------
    SlideError
        If it is of a stack, a series or fluorescence, or stores no RGB or grey of 8 bits.
    """
    flaw = flaw_of_description(description, shown) or (flaw_of_page(pages[shown]) if pages else "")
    if flaw:
        raise SlideError(f"{path} {flaw}")


def check_channels(path: Path, pages: Sequence[TiffPage]) -> None:
    """Refuse a TIFF whose channels are stored so that one would be seen, in grey.

    Raises
    ------
    SlideError
        If they are.
    """
    if flaw := flaw_of(pages):
        raise SlideError(
            f"{path} {flaw}, of which only one would be seen, in grey. Convert it to RGB, for example in Fiji "
            "(Image > Type > RGB Color), and save it as a tiled pyramid: vips tiffsave IN OUT.tif --tile --pyramid."
        )


def hash_ends(file: Path) -> str:
    """Hash a file's size and its first and last MiB: enough to tell slides apart, quick on any size."""
    size = file.stat().st_size
    with file.open("rb") as opened:
        first = opened.read(ENDS_BYTES)
        opened.seek(max(0, size - ENDS_BYTES))
        return hash_parts(size, (first, opened.read(ENDS_BYTES)))


def hash_parts(size: int, parts: Sequence[bytes]) -> str:
    """Hash the size of a file, and parts of it."""
    digest = hashlib.sha256(str(size).encode())
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _only_dicom_slide(folder: Path) -> Path:
    slides: dict[str, Path] = {}
    flaws: list[str] = []
    _refuse_without_places(folder)
    for file in _dicom_files(folder):
        try:
            slides.setdefault(_series(file), file)
        except OpenSlideError as exc:
            flaws += [f"{file.name} {flaw}"] if (flaw := dicom_flaw(str(exc))) else []
    if not slides:
        raise SlideError(_why_none(folder, flaws))
    if len(slides) > 1:
        names = ", ".join(file.name for file in slides.values())
        raise SlideError(f"{folder} holds {len(slides)} DICOM slides. Choose one of its files: {names}.")
    return next(iter(slides.values()))


def _why_none(folder: Path, flaws: Sequence[str]) -> str:
    """Say why a folder is no slide: the flaw of the file that comes nearest to one, or that there is none."""
    if flaws:
        nearest = next((flaw for flaw in flaws if NO_LEVELS not in flaw), flaws[0])
        return f"{folder} contains no DICOM slide that can be read: {nearest}"
    if trouble := zarr_trouble(folder):
        return f"{folder} {trouble}"
    if inside := folders_of_dicom(folder):
        names = ", ".join(str(each.relative_to(folder)) for each in inside[:MOST_NAMES])
        return f"{folder} contains no DICOM slide itself, but folders with DICOM files. Choose one of them: {names}."
    return f"{folder} is a folder that contains no DICOM slide and is not OME-Zarr. Choose a slide or picture file."


def _refuse_without_places(folder: Path) -> None:
    """Refuse a folder with a DICOM file that would end openslide, which reads all of them to open one."""
    for file in _dicom_files(folder):
        if lacks_places(file):
            raise SlideError(WITHOUT_PLACES.format(path=file))


def _dicom_files(folder: Path) -> Iterator[Path]:
    """Give the files that are DICOM by their content: archives and discs name them by numbers, without a suffix."""
    return (file for file in sorted(folder.iterdir()) if is_dicom(file))


def _series(file: Path) -> str:
    with OpenSlide(file) as slide:
        return slide.properties.get("dicom.SeriesInstanceUID", file.name)
