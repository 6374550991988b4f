"""The file that holds the annotations on a result: its own, or a copy where its own cannot be written."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path

from msm_mil_core.errors import OutputError, ResultError
from msm_mil_core.results.annotations import Annotations, computed_at, is_writable, load_annotations, save_annotations
from msm_mil_core.results.result_file import save_result
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.files.folders import SUFFIX, result_path


@dataclass(frozen=True, slots=True)
class SavedAnnotations:
    """Where annotations are saved now."""

    path: Path
    reason: str
    """Why it is another file than before; empty if it is the same."""


def annotations_path(result: SlideResult, saved_path: Path | None, folder: Path) -> Path | None:
    """Return the file with the annotations on a result.

    Parameters
    ----------
    result
        The annotated result.
    saved_path
        The file of the result; None if it has none.
    folder
        Where copies go if the result's own file cannot be written.
    """
    if saved_path is not None and is_writable(saved_path):
        return saved_path
    copies = takewhile(Path.is_file, _copies(result, folder))
    annotated = (copy for copy in copies if computed_at(copy) == result.created and _is_annotated(copy))
    return max(annotated, key=lambda copy: copy.stat().st_mtime_ns, default=saved_path)


def annotations_on(result: SlideResult, saved_path: Path | None, folder: Path) -> Annotations:
    """Read the annotations on a result; empty if there are none. Arguments as in `annotations_path`.

    Raises
    ------
    ResultError
        If there are annotations that cannot be read.
    """
    path = annotations_path(result, saved_path, folder)
    return Annotations() if path is None or not path.is_file() else load_annotations(path)


def save_or_copy(
    result: SlideResult, annotations: Annotations, saved_path: Path | None, folder: Path
) -> SavedAnnotations:
    """Save into the result's file; if that cannot be written, save a copy of the result with its annotations.

    Raises
    ------
    OutputError
        If the copy cannot be written either.
    """
    reason = ""
    if saved_path is not None:
        try:
            save_annotations(annotations, saved_path)
            return SavedAnnotations(saved_path, "")
        except OutputError as exc:
            reason = str(exc)
    path = next(copy for copy in _copies(result, folder) if _is_free(copy, result))
    save_result(result, path, annotations)
    return SavedAnnotations(path, reason)


def _copies(result: SlideResult, folder: Path) -> Iterator[Path]:
    """Yield the names that a copy of a result may have in `folder`: later ones where others have the earlier ones."""
    path = result_path(folder, result)
    yield path
    yield from (path.with_name(f"{path.name.removesuffix(SUFFIX)}-{number}{SUFFIX}") for number in count(2))


def _is_annotated(copy: Path) -> bool:
    try:
        return load_annotations(copy) != Annotations()
    except ResultError:
        return False


def _is_free(copy: Path, result: SlideResult) -> bool:
    """Return whether a result can be written there without replacing another one, or any annotation."""
    return not copy.exists() or (is_writable(copy) and computed_at(copy) == result.created and not _is_annotated(copy))
