"""Asks where a slide file has moved, and opens it if it is the same slide."""

from collections.abc import Generator
from functools import partial
from pathlib import Path, PurePath

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFileDialog, QWidget

from msm_mil_core.progress import Progress
from msm_mil_core.slides.find_slide import open_same_slide, recorded_place
from msm_mil_core.slides.slide import Slide, SlideFacts
from napari_msm_mil.background import Background, Job


class SlideLocator(QObject):
    """Finds the slide of a result again."""

    found = Signal(object)
    """The open `Slide`."""
    failed = Signal(object)
    """An `MsmMilError`."""

    def __init__(self, window: QWidget) -> None:
        """Show dialogs over `window`."""
        super().__init__(window)
        self._window = window
        self._opener = Background(self)
        self._opener.succeeded.connect(self.found)
        self._opener.failed.connect(self.failed)

    def ask(self, facts: SlideFacts) -> None:
        """Ask for the file, and open it in a thread."""
        name = self._ask(facts)
        if name and not self._opener.busy:
            self._opener.start(Job(f"Opening {name}", partial(_open, Path(name), facts)))

    def _ask(self, facts: SlideFacts) -> str:
        title, begin = f"Find {facts.name}", str(_begin(facts))
        if _was_folder(facts):
            return QFileDialog.getExistingDirectory(self._window, title, begin)
        return QFileDialog.getOpenFileName(self._window, title, begin)[0]


def _was_folder(facts: SlideFacts) -> bool:
    """Return whether a slide is a folder: of OME-Zarr, or of DICOM, which has no suffix."""
    suffix = PurePath(facts.name).suffix.lower()
    return facts.reader == "zarr" or suffix in {"", ".zarr"}


def _begin(facts: SlideFacts) -> Path:
    place = recorded_place(facts)
    return Path.home() if place is None else place.parent


def _open(path: Path, facts: SlideFacts) -> Generator[Progress, None, Slide]:
    yield Progress("Opening the slide", 0, 1)
    return open_same_slide(path, facts)
