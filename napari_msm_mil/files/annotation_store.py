"""Holds the annotations on results: in memory at once, merged into the result's file soon after; nothing is lost."""

from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Lock

from qtpy.QtCore import QCoreApplication, QObject, QTime, Signal
from superqt.utils import QSignalDebouncer

from msm_mil_core.errors import MsmMilError, ResultError
from msm_mil_core.progress import Progress
from msm_mil_core.results.annotations import Annotations, View, is_writable
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.background import Background, Job
from napari_msm_mil.files.annotation_files import SavedAnnotations, annotations_on, annotations_path, save_or_copy

PAUSE_MS = 1000
"""Changes that follow each other sooner are saved together."""


@dataclass(slots=True, eq=False)
class _Entry:
    """The annotations on one result, and how they are saved."""

    result: SlideResult
    annotations: Annotations
    saved_path: Path | None
    """The result's file; None while it has none."""
    unsaved: bool = False
    refused: bool = False
    """Whether the last save failed; then the next change, or closing, tries again."""
    writing: Lock = field(default_factory=Lock)
    """Held while the file is written: the latest annotations are written last, whichever thread is quicker."""


@dataclass(frozen=True, slots=True, eq=False)
class _Save:
    """One save that succeeded."""

    result: SlideResult
    before: Path | None
    """The file that held them before."""
    now: SavedAnnotations


class AnnotationStore(QObject):
    """Holds the annotations on every result that was shown, and saves them automatically."""

    changed = Signal(object)
    """The `SlideResult` whose annotations changed."""
    saved = Signal(object, str)
    """A `SlideResult`, and a sentence."""
    failed = Signal(object, str)
    """A `SlideResult`, and a sentence."""

    def __init__(self, parent: QObject, folder: Path, pause_ms: int = PAUSE_MS) -> None:
        """Save copies of results whose own file cannot be written in `folder`."""
        super().__init__(parent)
        self._folder = folder
        self._entries: dict[SlideResult, _Entry] = {}
        self._file_worker = Background(self)
        self._saving: SlideResult | None = None
        self._changes = QSignalDebouncer(parent=self)
        self._changes.setTimeout(pause_ms)
        self._changes.triggered.connect(self._save_next)
        self._file_worker.succeeded.connect(self._on_saved)
        self._file_worker.failed.connect(self._on_failed)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.flush)

    def load(self, result: SlideResult, saved_path: Path | None) -> None:
        """Read the annotations on a result that is saved in a file: those that others saved join those known here."""
        if result not in self._entries:
            path = annotations_path(result, saved_path, self._folder)
            shared = self._of_file(path)
            self._entries[result] = _Entry(result, shared[0].annotations if shared else Annotations(), path)
            if path != saved_path:
                self.saved.emit(result, f"The annotations on this result are saved in {path}.")
        try:
            found = annotations_on(result, self._entries[result].saved_path, self._folder)
        except ResultError as exc:
            self.failed.emit(result, str(exc))
        else:
            self._report(same for same in self._take(self._entries[result], found) if same.result is not result)

    def annotations(self, result: SlideResult) -> Annotations:
        """Return the annotations on a result."""
        return self._entries[result].annotations if result in self._entries else Annotations()

    def saved_path(self, result: SlideResult) -> Path | None:
        """Return the file that holds a result and its annotations."""
        return self._entries[result].saved_path if result in self._entries else None

    def change(self, result: SlideResult, annotations: Annotations) -> None:
        """Add to the annotations on a result what they lack of these; they are saved after a short pause."""
        entry = self._entries.setdefault(result, _Entry(result, Annotations(), None))
        if taken := self._take(entry, annotations):
            entry.unsaved, entry.refused = True, False
            self._report(taken)
            self._changes.throttle()

    def remember_view(self, result: SlideResult, view: View) -> None:
        """Remember how a result is displayed; this alone creates no file where there is none to write to."""
        entry = self._entries.get(result)
        if entry is None or entry.annotations.view == view:
            return
        entry.annotations = entry.annotations.with_view(view)
        if entry.saved_path is not None and is_writable(entry.saved_path):
            entry.unsaved = True
            self._changes.throttle()

    def flush(self) -> None:
        """Save everything that is not saved yet, now."""
        self._changes.cancel()
        for entry in self._entries.values():
            if entry.unsaved:
                self._flush(entry)

    def _of_file(self, saved_path: Path | None) -> list[_Entry]:
        """Return the entries of all results in one file: a run that was repeated has the same file."""
        return [entry for entry in self._entries.values() if saved_path is not None and entry.saved_path == saved_path]

    def _take(self, entry: _Entry, annotations: Annotations) -> list[_Entry]:
        """Merge annotations into those of all results in an entry's file; return the entries to which they were new."""
        merged = [(same, same.annotations.merged(annotations)) for same in self._of_file(entry.saved_path) or [entry]]
        changed = [(same, new) for same, new in merged if new != same.annotations]
        for same, new in changed:
            same.annotations = new
        return [same for same, _ in changed]

    def _report(self, changed: Iterable[_Entry]) -> None:
        for entry in changed:
            self.changed.emit(entry.result)

    def _flush(self, entry: _Entry) -> None:
        try:
            self._on_saved(_save(entry, self._folder))
        except MsmMilError as exc:
            self.failed.emit(entry.result, str(exc))

    def _save_next(self) -> None:
        entry = next((entry for entry in self._entries.values() if entry.unsaved and not entry.refused), None)
        if entry is None:
            return
        if self._file_worker.busy:
            self._changes.throttle()
            return
        self._saving = entry.result
        work = partial(_save_in_thread, entry, self._folder)
        self._file_worker.start(Job(f"Saving the annotations on {entry.result.slide.name}", work))

    def _on_saved(self, save: _Save) -> None:
        entry = self._entries[save.result]
        for same in self._of_file(save.before):
            same.saved_path = save.now.path
        taken = self._take(entry, save.now.annotations)
        entry.unsaved, entry.refused = entry.annotations != save.now.annotations, False
        self._report(taken)
        time = QTime.currentTime().toString("HH:mm")
        self.saved.emit(save.result, f"{save.now.reason} Saved in {save.now.path} at {time}.".strip())
        self._continue()

    def _on_failed(self, error: MsmMilError) -> None:
        if self._saving is not None:
            self._entries[self._saving].refused = True
            self.failed.emit(self._saving, str(error))
        self._continue()

    def _continue(self) -> None:
        if any(entry.unsaved and not entry.refused for entry in self._entries.values()):
            self._changes.throttle()


def _save_in_thread(entry: _Entry, folder: Path) -> Generator[Progress, None, _Save]:
    yield Progress("Saving the annotations", 0, 1)
    return _save(entry, folder)


def _save(entry: _Entry, folder: Path) -> _Save:
    with entry.writing:
        annotations, before = entry.annotations, entry.saved_path
        now = save_or_copy(entry.result, annotations, before, folder)
        entry.saved_path = now.path  # while the lock is held: whoever saves next writes to this file
        return _Save(entry.result, before, now)
