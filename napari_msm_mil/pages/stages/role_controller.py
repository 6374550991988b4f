"""The roles of the stages for a class, computed in a thread."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial

from qtpy.QtCore import QObject, Signal

from msm_mil_core.display.role_words import RoleWords, role_words
from msm_mil_core.errors import MsmMilError
from msm_mil_core.explain.stage_role import stage_roles
from msm_mil_core.progress import Progress
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.background import Job
from napari_msm_mil.latest_job import LatestJob


class RoleController(QObject):
    """Says what each stage of a result is for; what is known already is said at once."""

    told = Signal(object)
    """The `RoleWords` of the result and class; without any text while they are computed."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._result: SlideResult | None = None
        self._class_index: int | None = None
        self._known: dict[int, RoleWords] = {}
        """By class, of this result."""
        self._latest = LatestJob(self)
        self._latest.succeeded.connect(self._on_told)
        self._latest.failed.connect(self._on_failed)

    def show_result(self, result: SlideResult | None) -> None:
        """Say nothing until a class of this result is asked about."""
        self.stop()
        self._result, self._class_index, self._known = result, None, {}

    def show_class(self, index: int) -> None:
        """Say what the stages are for in the answer of a class."""
        if self._result is None or index == self._class_index:
            return
        self.stop()
        self._class_index = index
        self.told.emit(self._known.get(index, RoleWords()))
        if index not in self._known:
            work = partial(_tell, self._result, index)
            self._latest.request(Job(f"Judging the stages of {self._result.slide.name}", work))

    def stop(self) -> None:
        """Stop what is running."""
        self._latest.cancel()

    def _on_told(self, words: RoleWords) -> None:
        if self._class_index is not None:
            self._known[self._class_index] = words
            self.told.emit(words)

    def _on_failed(self, error: MsmMilError) -> None:
        self.told.emit(RoleWords(why_not=str(error)))


def _tell(result: SlideResult, class_index: int) -> Generator[Progress, None, RoleWords]:
    yield Progress("Judging the stages", 0, 1)
    prediction = result.prediction
    roles = stage_roles(prediction, result.tile_outputs, class_index)
    return role_words(roles, prediction.classes[class_index])
