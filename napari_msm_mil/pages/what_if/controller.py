"""Questions to the model: the panel requests, the model answers at once from what it computed, the answer is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from qtpy.QtCore import QObject, Signal

from msm_mil_core.errors import QuestionError
from msm_mil_core.explain.counterfactual import Counterfactual, SearchProgress, find_flip, find_sufficient
from msm_mil_core.explain.examination_options import SearchOptions
from msm_mil_core.explain.selections.selection import Selection, SingleTiles
from msm_mil_core.explain.what_if import Answer, Inquiry, Step, Verb, ask
from msm_mil_core.results.annotations import SavedQuestion, question_of
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.background import Job
from napari_msm_mil.latest_job import LatestJob
from napari_msm_mil.layers.tile_map_layers import outline_layer
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from napari_msm_mil.pages.what_if.answer_maps import AnswerMaps
from napari_msm_mil.pages.what_if.panel import WhatIfPanel
from napari_msm_mil.pages.what_if.search_box import Search
from napari_msm_mil.pages.what_if.selection_tool import HINTS, SelectionTool
from napari_msm_mil.pages.what_if.step_form import Drawn

FOUND: dict[Search, tuple[Verb, str]] = {
    "flip": ("remove", "the tiles that change the answer"),
    "sufficient": ("keep", "the tiles that suffice"),
}
FOUND_RGB: dict[Search, tuple[float, float, float]] = {"flip": (0.0, 0.0, 0.0), "sufficient": (0.45, 0.45, 0.45)}


@dataclass(frozen=True, slots=True)
class _Drawing:
    """What the selection tool adds to: the question before it, and what to do with what is drawn."""

    verb: Verb
    before: Inquiry


class WhatIfController(QObject):
    """Holds one question for each result, and answers it as it grows."""

    save_requested = Signal(object)
    """The `SavedQuestion` to save with the result."""
    delete_requested = Signal(int)
    """The index of the saved question to delete."""

    def __init__(self, layers: ViewerLayers, panel: WhatIfPanel) -> None:
        super().__init__(panel)
        self._layers, self._panel = layers, panel
        self.selection_tool = SelectionTool(layers)
        self._maps = AnswerMaps(layers)
        self._searcher = LatestJob(self)
        self._search: Search = "flip"
        self._so_far: Counterfactual | None = None
        """What the search that runs has found so far."""
        self._result: SlideResult | None = None
        self._inquiries: dict[SlideResult, Inquiry] = {}
        self._saved: Sequence[SavedQuestion] = ()
        self._answer: Answer | None = None
        self._drawing = _Drawing("remove", Inquiry())
        self._connect()

    def show_result(self, result: SlideResult | None) -> None:
        """Ask about this result from now on."""
        self.stop()
        self._result, self._answer = result, None
        self._inquiries = {known: asked for known, asked in self._inquiries.items() if known in self._layers.results()}
        self._panel.show_result(result)
        if result is None:
            return
        try:
            result.require_tile_outputs()
        except QuestionError as exc:
            self._panel.allow(str(exc))
        else:
            self._panel.allow("")
        self._ask(self._inquiries.get(result, Inquiry()))

    def show_questions(self, questions: Sequence[SavedQuestion]) -> None:
        """List the questions that are saved with the result."""
        self._saved = questions
        if self._result is not None:
            self._panel.saved.show_questions(questions, self._result.prediction.classes)

    def stop(self) -> None:
        """Stop what is running, and remove what was shown for a while."""
        self.selection_tool.stop()
        self._so_far = None
        self._on_stop_requested()
        self._on_maps_requested(visible=False)

    def _connect(self) -> None:
        panel = self._panel
        panel.form.step_requested.connect(self._on_step_requested)
        panel.form.drawing_requested.connect(self._on_drawing_requested)
        panel.undo_requested.connect(lambda: self._go(self._inquiry.undo()))
        panel.redo_requested.connect(lambda: self._go(self._inquiry.redo()))
        panel.restart_requested.connect(lambda: self._go(Inquiry()))
        panel.saved.save_requested.connect(self._on_save_requested)
        panel.saved.repeat_requested.connect(lambda index: self._go(Inquiry(self._saved[index].question.steps)))
        panel.saved.delete_requested.connect(self.delete_requested)
        panel.answer.maps_requested.connect(lambda visible: self._on_maps_requested(visible=visible))
        panel.search.search_requested.connect(self._on_search_requested)
        panel.search.stop_requested.connect(self._on_stop_requested)
        self.selection_tool.selected.connect(self._on_selected)
        self._searcher.progressed.connect(self._on_search_progressed)
        self._searcher.succeeded.connect(self._on_found)
        self._searcher.failed.connect(lambda error: panel.search.show_idle(str(error)))

    @property
    def _inquiry(self) -> Inquiry:
        return Inquiry() if self._result is None else self._inquiries.get(self._result, Inquiry())

    def _go(self, inquiry: Inquiry) -> None:
        self.selection_tool.stop()
        self._panel.show_problem("")
        self._ask(inquiry)

    def _ask(self, inquiry: Inquiry) -> None:
        """Ask; a question that cannot be asked is explained, and the last one stays."""
        result = self._result
        if result is None or result.tile_outputs is None:
            self._panel.show_answer(Inquiry(), None)
            return
        try:
            answer = ask(result.tile_outputs, result.tiles, result.prediction, inquiry.question)
        except QuestionError as exc:
            self._panel.show_problem(str(exc))
            return
        self._inquiries[result], self._answer = inquiry, answer
        self._panel.show_answer(inquiry, answer)
        self._maps.update(result, answer)

    def _on_step_requested(self, verb: Verb, selection: Selection) -> None:
        self._go(self._inquiry.then(Step(verb=verb, selection=selection)))

    def _on_drawing_requested(self, verb: Verb, drawn: Drawn) -> None:
        if self._result is None:
            return
        self._drawing = _Drawing(verb, self._inquiry)
        self.selection_tool.start(self._result, drawn)
        self._panel.show_problem(HINTS[drawn])

    def _on_selected(self, selection: Selection | None) -> None:
        self._panel.show_problem("")
        before = self._drawing.before
        self._ask(before if selection is None else before.then(Step(verb=self._drawing.verb, selection=selection)))

    def _on_save_requested(self, name: str) -> None:
        if self._answer is not None:
            self.save_requested.emit(question_of(self._answer, name))

    def _on_maps_requested(self, *, visible: bool) -> None:
        self._panel.answer.show_maps(visible)
        if visible and self._result is not None and self._answer is not None:
            self._maps.show(self._result, self._answer)
        else:
            self._maps.remove()

    def _on_search_requested(self, search: Search) -> None:
        result = self._result
        if result is None:
            return
        self._search, self._so_far = search, None
        find = find_flip if search == "flip" else find_sufficient
        self._panel.search.show_running()
        work = partial(find, result.require_tile_outputs(), SearchOptions())
        self._searcher.request(Job(f"Searching in {result.slide.name}", work))

    def _on_search_progressed(self, now: SearchProgress) -> None:
        self._panel.search.show_progress(now)
        first, self._so_far = self._so_far is None, now.so_far
        if first and now.so_far is not None:
            self._show_found(now.so_far)

    def _on_stop_requested(self) -> None:
        if not self._searcher.busy:
            return
        self._searcher.cancel()
        found, self._so_far = self._so_far, None
        self._panel.search.show_idle("Stopped." if found is None else f"Stopped. {found}")
        if found is not None:
            self._show_found(found)

    def _on_found(self, found: Counterfactual) -> None:
        self._panel.search.show_idle(str(found))
        self._show_found(found)

    def _show_found(self, found: Counterfactual) -> None:
        """Outline the set, and ask about it."""
        result = self._result
        if result is None or not found.found or found.is_all:
            return
        verb, name = FOUND[self._search]
        title = name.removeprefix("the ").capitalize()
        outline = outline_layer(result, found.tiles, title, FOUND_RGB[self._search], stays=True)
        self._layers.show_map(result, self._search, outline)
        selection = SingleTiles(tiles=tuple(map(int, found.tiles.nonzero()[0])), name=name)
        self._go(Inquiry((Step(verb=verb, selection=selection),)))
