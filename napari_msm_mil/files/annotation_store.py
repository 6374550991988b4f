"""Keeps what a user notes on results: in memory at once, in the result's file soon after, and nothing is lost."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count, takewhile
from pathlib import Path
from threading import Lock

from qtpy.QtCore import QCoreApplication, QObject, QTime, QTimer, Signal

from msm_mil_core.errors import MsmMilError, OutputError, ResultError
from msm_mil_core.progress import Progress
from msm_mil_core.results.annotations import (
    Annotations,
    View,
    computed_at,
    is_writable,
    load_annotations,
    save_annotations,
)
from msm_mil_core.results.result_file import save_result
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.background import Background, Job
from napari_msm_mil.files.results_folder import SUFFIX, kept_path, results_folder

PAUSE_MS = 1000
"""Changes that follow each other sooner are saved together."""


@dataclass(slots=True, eq=False)
class _Page:
    """The notes of one result, and where they stand."""

    result: SlideResult
    annotations: Annotations
    kept: Path | None
    """The result's file; None while it has none."""
    unsaved: bool = False
    refused: bool = False
    """Whether the last save failed; then the next change, or closing, tries again."""
    writing: Lock = field(default_factory=Lock)
    """Held while the file is written: the latest notes are written last, whichever thread is quicker."""


@dataclass(frozen=True, slots=True, eq=False)
class _Saved:
    result: SlideResult
    annotations: Annotations
    path: Path
    before: Path | None
    """The file that held them before."""
    moved: str
    """Why it is another file than before; empty if it is not."""


class AnnotationStore(QObject):
    """Holds the notes of every result that was shown, and saves them by itself."""

    changed = Signal(object)
    """The `SlideResult` on which something was noted."""
    saved = Signal(object, str)
    """A `SlideResult`, and a sentence."""
    failed = Signal(object, str)
    """A `SlideResult`, and a sentence."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._pages: dict[SlideResult, _Page] = {}
        self._file_worker = Background(self)
        self._saving: SlideResult | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._save_next)
        self._file_worker.succeeded.connect(self._on_saved)
        self._file_worker.failed.connect(self._on_failed)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.flush)

    def begin(self, result: SlideResult, kept: Path | None) -> None:
        """Read what was noted on a result before, unless that is known already."""
        if result in self._pages:
            return
        place = annotations_path(result, kept, results_folder())
        known = self._of_file(place)
        self._pages[result] = _Page(result, known[0].annotations if known else Annotations(), place)
        if place != kept:
            self.saved.emit(result, f"The notes on this result are kept in {place}.")
        if known or place is None or not place.is_file():
            return
        try:
            self._pages[result].annotations = load_annotations(place)
        except ResultError as exc:
            self.failed.emit(result, str(exc))

    def of(self, result: SlideResult) -> Annotations:
        """Return the notes on a result."""
        return self._pages[result].annotations if result in self._pages else Annotations()

    def where(self, result: SlideResult) -> Path | None:
        """Return the file that holds a result and its notes."""
        return self._pages[result].kept if result in self._pages else None

    def change(self, result: SlideResult, annotations: Annotations) -> None:
        """Take new notes on a result; they are saved after a short pause."""
        page = self._pages.setdefault(result, _Page(result, Annotations(), None))
        if annotations == page.annotations:
            return
        page.unsaved, page.refused = True, False
        for same in self._of_file(page.kept) or [page]:
            same.annotations = annotations
            self.changed.emit(same.result)
        self._pause.start()

    def note_view(self, result: SlideResult, view: View) -> None:
        """Remember how a result is looked at; looking alone makes no file where there is none to write to."""
        page = self._pages.get(result)
        if page is None or page.annotations.view == view:
            return
        page.annotations = page.annotations.replace(view=view)
        if page.kept is not None and is_writable(page.kept):
            page.unsaved = True
            self._pause.start()

    def _of_file(self, kept: Path | None) -> list[_Page]:
        """Return the pages of all results that are kept in one file: a run that was made again is the same run."""
        return [page for page in self._pages.values() if kept is not None and page.kept == kept]

    def flush(self) -> None:
        """Save everything that is not saved yet, now."""
        self._pause.stop()
        for page in self._pages.values():
            if page.unsaved:
                self._flush(page)

    def _flush(self, page: _Page) -> None:
        try:
            self._on_saved(_save(page, results_folder()))
        except MsmMilError as exc:
            self.failed.emit(page.result, str(exc))

    def _save_next(self) -> None:
        page = next((page for page in self._pages.values() if page.unsaved and not page.refused), None)
        if page is None:
            return
        if self._file_worker.busy:
            self._pause.start()
            return
        self._saving = page.result
        work = partial(_saving, page, results_folder())
        self._file_worker.start(Job(f"Saving the notes on {page.result.slide.name}", work))

    def _on_saved(self, saved: _Saved) -> None:
        page = self._pages[saved.result]
        page.unsaved, page.refused = page.annotations != saved.annotations, False
        for same in self._of_file(saved.before):
            same.kept = saved.path
        time = QTime.currentTime().toString("HH:mm")
        self.saved.emit(saved.result, f"{saved.moved} Saved in {saved.path} at {time}.".strip())
        self._go_on()

    def _on_failed(self, error: MsmMilError) -> None:
        if self._saving is not None:
            self._pages[self._saving].refused = True
            self.failed.emit(self._saving, str(error))
        self._go_on()

    def _go_on(self) -> None:
        if any(page.unsaved and not page.refused for page in self._pages.values()):
            self._pause.start()


def annotations_path(result: SlideResult, kept: Path | None, folder: Path) -> Path | None:
    """Return the file with the notes on a result: its own, or the copy in `folder` if its own could not be written."""
    if kept is not None and is_writable(kept):
        return kept
    copies = takewhile(Path.is_file, _copies(result, folder))
    noted = (copy for copy in copies if computed_at(copy) == result.created and _is_noted(copy))
    return max(noted, key=lambda copy: copy.stat().st_mtime_ns, default=kept)


def annotations_on(result: SlideResult, kept: Path | None) -> Annotations:
    """Read what was noted on a result; empty if nothing was.

    Raises
    ------
    ResultError
        If there are notes that cannot be read.
    """
    place = annotations_path(result, kept, results_folder())
    return Annotations() if place is None or not place.is_file() else load_annotations(place)


def _copies(result: SlideResult, folder: Path) -> Iterator[Path]:
    """Name the files that may hold a result in `folder`, as far as others do not have their names."""
    path = kept_path(folder, result)
    yield path
    yield from (path.with_name(f"{path.name.removesuffix(SUFFIX)}-{number}{SUFFIX}") for number in count(2))


def _is_noted(copy: Path) -> bool:
    try:
        return load_annotations(copy) != Annotations()
    except ResultError:
        return False


def _saving(page: _Page, folder: Path) -> Generator[Progress, None, _Saved]:
    yield Progress("Saving the notes", 0, 1)
    return _save(page, folder)


def _save(page: _Page, folder: Path) -> _Saved:
    """Save into the result's file; if that cannot be written, result and notes go where results are kept."""
    with page.writing:
        annotations, before = page.annotations, page.kept
        moved = ""
        if before is not None:
            try:
                save_annotations(annotations, before)
                return _Saved(page.result, annotations, before, before, "")
            except OutputError as exc:
                moved = str(exc)
        path = next(copy for copy in _copies(page.result, folder) if _is_free(copy, page.result))
        save_result(page.result, path, annotations)
        page.kept = path  # while the lock is held: whoever saves next goes on in this file
        return _Saved(page.result, annotations, path, before, moved)


def _is_free(copy: Path, result: SlideResult) -> bool:
    """Return whether a result can be written there without replacing another one, or anything that was noted."""
    return not copy.exists() or (is_writable(copy) and computed_at(copy) == result.created and not _is_noted(copy))
