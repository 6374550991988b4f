"""The slides that a user names: files, folders, patterns and tables."""

import glob
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from msm_mil_core.cohort.listing.slide_entry import SlideEntry
from msm_mil_core.errors import SlideListError
from msm_mil_core.slides.formats.address import misread_address, remote_address
from msm_mil_core.slides.formats.dicom_mark import is_dicom
from msm_mil_core.slides.formats.zarr_mark import is_ome_zarr, zarr_trouble

IN_FOLDERS = (
    *(".svs", ".tif", ".tiff", ".btf", ".ndpi", ".ndpis", ".mrxs", ".scn", ".vms", ".vmu", ".bif"),
    *(".svslide", ".czi", ".qptiff", ".jp2", ".ozx"),
)
"""What the name of a slide in a folder ends in; pictures and whatever else is a slide are named one by one."""
TABLES = (".csv", ".tsv")
WORKBOOKS = (".xlsx", ".xls", ".ods")
ZARR = ".zarr"
_PATTERN = frozenset("*?[")


def list_slides(named: Iterable[Path]) -> tuple[SlideEntry, ...]:
    """Return the slides that are named, each once, in their order; those of a folder or pattern by name.

    Parameters
    ----------
    named
        Slides, folders of slides, folders that hold one DICOM slide or are OME-Zarr, folders of such folders, patterns
        such as slides/*.svs or slides/**/*.svs, where no shell has replaced them, and tables (.csv, .tsv).

    Returns
    -------
    Entries with paths that hold in any folder.

    Raises
    ------
    SlideListError
        If there is no such file, nothing fits a pattern, a folder holds no slide, a table cannot be used, a name is not
        UTF-8, or a slide is named twice with something else about it.
    """
    found = dict.fromkeys(entry.absolute() for path in named for entry in _entries(path))
    slides: dict[Path, SlideEntry] = {}
    for entry in found:
        _check_name(entry.slide)
        _check_once(slides.setdefault(entry.slide, entry), entry)
    return tuple(found)


def _check_name(slide: Path) -> None:
    """Refuse a name that no table, page or line of JSON can hold: bytes that are no text."""
    try:
        str(slide).encode()
    except UnicodeEncodeError as exc:
        raise SlideListError(f"The name of {str(slide)!a} is not UTF-8. Rename the file.") from exc


def _check_once(first: SlideEntry, entry: SlideEntry) -> None:
    differ = [name for name, value in entry if value != getattr(first, name)]
    if differ:
        here, there = (_said(getattr(each, differ[0])) for each in (first, entry))
        raise SlideListError(f"{entry.slide} is named twice, with {differ[0]} {here} and {there}. Name it once.")


def _said(value: object) -> str:
    return "left open" if value is None else str(value)


def _entries(path: Path) -> Sequence[SlideEntry]:
    if _is_slide_table(path) and path.is_file():
        from msm_mil_core.cohort.listing.slide_table import read_slide_table

        return read_slide_table(path)
    return [SlideEntry(slide=slide) for slide in _slides(path)]


def _is_slide_table(path: Path) -> bool:
    """Return whether a path names a table, by its suffix; workbooks are told to be saved as one."""
    return path.suffix.lower() in (*TABLES, *WORKBOOKS)


def _slides(path: Path) -> Sequence[Path]:
    try:
        if path.is_dir():
            return (path,) if _is_slide_folder(path) else _in_folder(path)
        if path.exists() or remote_address(path) is not None:
            return (path,)
        if _PATTERN & set(str(path)):
            return _fitting(path)
    except OSError as exc:
        raise SlideListError(f"Cannot read {path}: {exc.strerror or exc}. Check the path.") from exc
    raise SlideListError(f"There is no {path}{_because(path)}. Check the path.")


def _because(path: Path) -> str:
    reason = misread_address(path).rstrip(".")
    return f": {reason}" if reason else ""


def _in_folder(folder: Path) -> Sequence[Path]:
    slides = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".") and _is_slide(path)]
    if not slides and (trouble := zarr_trouble(folder)):
        raise SlideListError(f"{folder} {trouble}")
    if not slides:
        raise SlideListError(
            f"{folder} holds no slide: neither a file that ends in {', '.join(IN_FOLDERS[:5])} …, nor a folder that "
            "is a slide in DICOM or OME-Zarr. Name the files themselves, or a pattern in quotes such as "
            "'folder/**/*.svs'."
        )
    return slides


def _is_slide(path: Path) -> bool:
    return _is_slide_folder(path) if path.is_dir() else path.suffix.lower() in IN_FOLDERS


def _is_slide_folder(folder: Path) -> bool:
    """Return whether a folder is one slide: OME-Zarr, or the files of a DICOM slide."""
    return is_ome_zarr(folder) or any(map(is_dicom, folder.iterdir()))


def _fitting(pattern: Path) -> Sequence[Path]:
    found = list(_files(glob.iglob(str(pattern), recursive=True)))  # noqa: PTH207 - pathlib's knows no folders' links
    if not found:
        raise SlideListError(f"Nothing fits {pattern}. Check the folder and the pattern.")
    return sorted(found)


def _files(names: Iterator[str]) -> Iterator[Path]:
    for name in names:
        path = Path(name)
        if any(parent.suffix.lower() == ZARR for parent in path.parents):
            continue  # a part of a slide
        if not path.is_dir() or _is_slide_folder(path):
            yield path
