"""The file that holds the annotations on a result: its own, or a copy where its own cannot be written."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import count, takewhile
from pathlib import Path

from msm_mil_core.errors import OutputError, ResultError
from msm_mil_core.file_names import RESULT_SUFFIX
from msm_mil_core.results.annotations import Annotations, computed_at, is_writable, load_annotations, save_annotations
from msm_mil_core.results.result_file import save_result
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.files.folders import result_path


@dataclass(frozen=True, slots=True)
class SavedAnnotations:
    """Where annotations are saved now."""

    path: Path
    reason: str
    """Why it is another file than before; empty if it is the same."""
    annotations: Annotations
    """What the file holds now: those that other programs saved there are among them."""


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
    return max(_annotated_copies(result, folder), key=lambda copy: copy.stat().st_mtime_ns, default=saved_path)


def annotations_on(result: SlideResult, saved_path: Path | None, folder: Path) -> Annotations:
    """Read the annotations on a result, those in copies among them; empty if there are none.

    Arguments as in `annotations_path`.

    Raises
    ------
    ResultError
        If there are annotations that cannot be read, and no copy has any.
    """
    copies = [load_annotations(copy) for copy in _annotated_copies(result, folder)]
    try:
        own = Annotations() if saved_path is None or not saved_path.is_file() else load_annotations(saved_path)
    except ResultError:
        if not copies:
            raise
        own = Annotations()
    return reduce(Annotations.merged, copies, own)


def save_or_copy(
    result: SlideResult, annotations: Annotations, saved_path: Path | None, folder: Path
) -> SavedAnnotations:
    """Merge annotations into the result's file; if that cannot be written, into a copy of the result.

    Raises
    ------
    OutputError
        If the copy cannot be written either.
    """
    reason = ""
    if saved_path is not None:
        try:
            return SavedAnnotations(saved_path, "", save_annotations(annotations, saved_path, result))
        except OutputError as exc:
            reason = str(exc)
    path = next(copy for copy in _copies(result, folder) if not copy.exists() or _is_copy(copy, result))
    if path.exists():
        return SavedAnnotations(path, reason, save_annotations(annotations, path, result))
    save_result(result, path, annotations)
    return SavedAnnotations(path, reason, annotations)


def _annotated_copies(result: SlideResult, folder: Path) -> Iterator[Path]:
    """Yield the copies of a result that have annotations."""
    for copy in takewhile(Path.is_file, _copies(result, folder)):
        if computed_at(copy) == result.created and _has_annotations(copy):
            yield copy


def _copies(result: SlideResult, folder: Path) -> Iterator[Path]:
    """Yield the names that a copy of a result may have in `folder`: later ones where others have the earlier ones."""
    path = result_path(folder, result)
    yield path
    stem = path.name.removesuffix(RESULT_SUFFIX)
    yield from (path.with_name(f"{stem}-{number}{RESULT_SUFFIX}") for number in count(2))


def _has_annotations(copy: Path) -> bool:
    try:
        return load_annotations(copy) != Annotations()
    except ResultError:
        return False


def _is_copy(copy: Path, result: SlideResult) -> bool:
    """Return whether annotations can be merged into a file, because it holds this result and not another run of it."""
    try:
        load_annotations(copy)
    except ResultError:
        return False
    return is_writable(copy) and computed_at(copy) == result.created
