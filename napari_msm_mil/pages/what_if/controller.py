"""Questions to the model: it hears what the panel wishes, asks, and shows the answer."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import QObject

from msm_mil_core.display.tile_map import whatif_map
from msm_mil_core.errors import QuestionError
from msm_mil_core.explain.counterfactual import Counterfactual, SearchOptions, find_flip, find_sufficient
from msm_mil_core.explain.selection import Selection, SingleTiles
from msm_mil_core.explain.what_if import Answer, Inquiry, Step, Verb, ask
from msm_mil_core.results.annotations import question_of
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.background import Background, Job
from napari_msm_mil.files.annotation_store import AnnotationStore
from napari_msm_mil.layers.tile_map_layers import map_layer, map_pixels, outline_layer
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from napari_msm_mil.pages.what_if.panel import WhatIfPanel
from napari_msm_mil.pages.what_if.search_box import Search
from napari_msm_mil.pages.what_if.selection_tool import HINTS, Pointing
from napari_msm_mil.pages.what_if.step_form import Drawn

FOUND: dict[Search, tuple[Verb, str]] = {
    "flip": ("remove", "the smallest set that changes the answer"),
    "sufficient": ("keep", "the smallest set that suffices"),
}
FOUND_RGB = (0.0, 0.0, 0.0)


class WhatIfController(QObject):
    """Keeps one question for each result, and answers it as it grows."""

    def __init__(self, layers: ViewerLayers, panel: WhatIfPanel, notes: AnnotationStore) -> None:
        super().__init__(panel)
        self._layers, self._panel, self._notes = layers, panel, notes
        self.pointing = Pointing(layers)
        self._searcher = Background(self)
        self._search: Search = "flip"
        self._result: SlideResult | None = None
        self._inquiries: dict[SlideResult, Inquiry] = {}
        self._answer: Answer | None = None
        self._verb: Verb = "remove"
        self._pointed_from = Inquiry()
        self._maps_of: SlideResult | None = None
        self._connect()

    def show_result(self, result: SlideResult | None) -> None:
        """Ask about this result from now on."""
        self.stop()
        self._result = result
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
        self._show_kept(result)
        self._ask(self._inquiries.get(result, Inquiry()))

    def stop(self) -> None:
        """End what is under way."""
        self.pointing.end()
        self._searcher.cancel()
        self._show_maps(shown=False)

    def _connect(self) -> None:
        panel = self._panel
        panel.form.step_requested.connect(self._on_step_requested)
        panel.form.drawing_requested.connect(self._on_drawing_requested)
        panel.undo_requested.connect(lambda: self._go(self._inquiry.undo()))
        panel.redo_requested.connect(lambda: self._go(self._inquiry.redo()))
        panel.restart_requested.connect(lambda: self._go(Inquiry()))
        panel.kept.keep_requested.connect(self._on_keep_requested)
        panel.kept.again_requested.connect(self._on_again_requested)
        panel.kept.forget_requested.connect(self._on_forget_requested)
        panel.answer.maps_requested.connect(lambda shown: self._show_maps(shown=shown))
        panel.search.search_requested.connect(self._on_search_requested)
        panel.search.stop_requested.connect(self._searcher.cancel)
        self.pointing.pointed.connect(self._on_pointed)
        self._searcher.progressed.connect(panel.search.progress)
        self._searcher.succeeded.connect(self._on_found)
        self._searcher.failed.connect(lambda error: panel.search.idle(str(error)))
        self._searcher.cancelled.connect(lambda: panel.search.idle("Stopped."))
        self._notes.changed.connect(self._on_notes_changed)

    @property
    def _inquiry(self) -> Inquiry:
        return Inquiry() if self._result is None else self._inquiries.get(self._result, Inquiry())

    def _go(self, inquiry: Inquiry) -> None:
        self.pointing.end()
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
        if self._maps_of is not None:
            self._put_maps(result, answer)

    def _on_step_requested(self, verb: Verb, selection: Selection) -> None:
        self._go(self._inquiry.then(Step(verb=verb, selection=selection)))

    def _on_drawing_requested(self, verb: Verb, drawn: Drawn) -> None:
        if self._result is None:
            return
        self._verb, self._pointed_from = verb, self._inquiry
        self.pointing.begin(self._result, drawn)
        self._panel.show_problem(HINTS[drawn])

    def _on_pointed(self, selection: Selection | None) -> None:
        self._panel.show_problem("")
        before = self._pointed_from
        self._ask(before if selection is None else before.then(Step(verb=self._verb, selection=selection)))

    def _on_keep_requested(self, name: str) -> None:
        if self._result is not None and self._answer is not None:
            annotations = self._notes.of(self._result).with_question(question_of(self._answer, name))
            self._notes.change(self._result, annotations)

    def _on_again_requested(self, index: int) -> None:
        if self._result is not None:
            self._go(Inquiry(self._notes.of(self._result).questions[index].question.steps))

    def _on_forget_requested(self, index: int) -> None:
        if self._result is not None:
            self._notes.change(self._result, self._notes.of(self._result).without_question(index))

    def _on_notes_changed(self, result: SlideResult) -> None:
        if result is self._result:
            self._show_kept(result)

    def _show_kept(self, result: SlideResult) -> None:
        self._panel.kept.show_questions(self._notes.of(result).questions, result.prediction.classes)

    def _show_maps(self, *, shown: bool) -> None:
        if self._maps_of is not None and not shown:
            for stage in range(len(self._maps_of.prediction.stages)):
                self._layers.remove_map(self._maps_of, f"whatif-{stage}")
        self._maps_of = self._result if shown else None
        self._panel.answer.show_maps(shown)
        if self._maps_of is not None and self._answer is not None:
            self._put_maps(self._maps_of, self._answer)

    def _put_maps(self, result: SlideResult, answer: Answer) -> None:
        for stage in range(len(answer.after.stages)):
            shown = whatif_map(answer.after, stage)
            known = self._layers.layer_by_key(result, shown.key)
            if known is None:
                self._layers.show_map(result, shown.key, map_layer(result, shown)).visible = stage == 0
            else:
                known.data = map_pixels(result, shown)  # in place: it follows a drawing hand

    def _on_search_requested(self, search: Search) -> None:
        if self._result is None or self._searcher.busy:
            return
        self._search = search
        find = find_flip if search == "flip" else find_sufficient
        self._panel.search.searching()
        work = partial(find, self._result.require_tile_outputs(), SearchOptions())
        self._searcher.start(Job(f"Searching in {self._result.slide.name}", work))

    def _on_found(self, found: Counterfactual) -> None:
        self._panel.search.idle(str(found))
        result = self._result
        if result is None or not found.found:
            return
        verb, name = FOUND[self._search]
        title = f"{name[:1].upper()}{name[1:]}"
        self._layers.show_map(result, self._search, outline_layer(result, found.tiles, title, FOUND_RGB))
        selection = SingleTiles(tiles=tuple(map(int, found.tiles.nonzero()[0])), name=name)
        self._go(Inquiry((Step(verb=verb, selection=selection),)))
