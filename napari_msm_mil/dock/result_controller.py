"""The pages of one result: each follows the result that is shown, and here they are connected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from msm_mil_core.results.annotations import Annotations, SavedQuestion, Verdict
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.dock.result_panel import ResultPanel
from napari_msm_mil.files.annotation_store import AnnotationStore
from napari_msm_mil.layers.clicks import SlideClicks
from napari_msm_mil.layers.layer_data import TITLE
from napari_msm_mil.layers.tile_map_layers import OUTLINE_RGB
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from napari_msm_mil.pages.check.controller import CheckController
from napari_msm_mil.pages.compare.controller import CompareController
from napari_msm_mil.pages.compare.other_controller import OtherResultController
from napari_msm_mil.pages.gallery.controller import GalleryController
from napari_msm_mil.pages.readout.controller import ReadoutController
from napari_msm_mil.pages.stages.evidence_controller import EvidenceController
from napari_msm_mil.pages.stages.role_controller import RoleController
from napari_msm_mil.pages.what_if.controller import WhatIfController
from napari_msm_mil.widgets.outline_legend import Outline

if TYPE_CHECKING:
    from napari import Viewer


class ResultController(QObject):
    """Connects the pages with each other, with clicks on the slide, and with the annotations."""

    table_requested = Signal(object)
    """The `StageComparison` that is to be written as a table."""

    side_by_side_requested = Signal(object)
    """Layers of maps that are to stand side by side."""

    def __init__(self, viewer: Viewer, layers: ViewerLayers, panel: ResultPanel, store: AnnotationStore) -> None:
        super().__init__(panel)
        self._layers, self._panel, self._store = layers, panel, store
        self._result: SlideResult | None = None
        self._readout = ReadoutController(viewer, layers, panel.readout)
        self._clicks = SlideClicks(viewer, self)
        self._roles = RoleController(self)
        self._evidence = EvidenceController(layers, panel.evidence)
        self._gallery = GalleryController(layers, panel.gallery, panel.tile_view)
        self._compare = CompareController(layers, panel.compare)
        self._other = OtherResultController(layers, panel.compare.other)
        self._what_if = WhatIfController(layers, panel.ask)
        self._check = CheckController(layers, panel.check)
        self._pages = (
            self._readout,
            self._roles,
            self._evidence,
            self._gallery,
            self._compare,
            self._other,
            self._what_if,
            self._check,
        )
        self._connect()

    def stop(self) -> None:
        """Stop what is running, and stop listening to the viewer."""
        for part in (self._clicks, *self._pages):
            part.stop()

    def reload_pictures(self) -> None:
        """Read the slide's pixels again: its layer came or went."""
        self._gallery.reload()

    def _connect(self) -> None:
        panel = self._panel
        panel.shown.connect(self._on_result_shown)
        panel.tabs.page_changed.connect(self._on_page_changed)
        panel.verdicts.verdict_given.connect(self._on_verdict_given)
        panel.outlines.remove_requested.connect(self._on_outline_remove_requested)
        self._layers.results_changed.connect(self._show_outlines)
        panel.readout.unlock_requested.connect(lambda: self._lock(None))
        self._clicks.clicked.connect(self._on_clicked)
        self._gallery.tile_chosen.connect(self._lock)
        self._evidence.class_chosen.connect(self._on_class_chosen)
        self._roles.told.connect(panel.stages.show_roles)
        self._roles.told.connect(panel.readout.show_roles)
        panel.stages.choice.evidence_requested.connect(self._evidence.show_fused)
        self._compare.table_requested.connect(self.table_requested)
        self._other.side_by_side_requested.connect(self.side_by_side_requested)
        self._what_if.save_requested.connect(self._on_question_save_requested)
        self._what_if.delete_requested.connect(self._on_question_delete_requested)
        self._store.changed.connect(self._on_annotations_changed)
        self._store.saved.connect(self._on_save_reported)
        self._store.failed.connect(self._on_save_reported)

    def _on_result_shown(self, result: SlideResult | None) -> None:
        self._panel.verdicts.finish()
        self._result = result
        self._panel.verdicts.show_result(result)
        if result is not None:
            self._store.load(result, self._layers.result_file(result))
        for page in self._pages:
            page.show_result(result)
        if result is not None:
            self._on_annotations_changed(result)
        self._show_outlines()

    def _show_outlines(self) -> None:
        layers = () if self._result is None else self._layers.of(self._result)
        left = [layer.metadata for layer in layers if OUTLINE_RGB in layer.metadata]
        outlines = [Outline(known["key"], known[TITLE], known[OUTLINE_RGB]) for known in left if "key" in known]
        self._panel.outlines.show_outlines(outlines)

    def _on_outline_remove_requested(self, key: str) -> None:
        if self._result is not None:
            self._layers.remove_map(self._result, key)

    def _on_page_changed(self, name: str) -> None:
        self._gallery.set_in_front(name == "Gallery")
        self._compare.set_in_front(name == "Compare")

    def _on_clicked(self, world: tuple[float, ...]) -> None:
        tile, tool = self._readout.tile_at(world), self._what_if.selection_tool
        if not tool.clicking:
            self._lock(tile)
        elif tile is not None:
            tool.click(tile)

    def _lock(self, tile: int | None) -> None:
        self._readout.lock(tile)
        self._gallery.show_tile(tile)

    def _on_class_chosen(self, index: int) -> None:
        self._readout.read_class(index)
        self._roles.show_class(index)
        if self._result is not None:
            self._panel.stages.choice.show_class(self._result.prediction.classes[index], self._evidence.why_not())

    def _on_verdict_given(self, verdict: Verdict) -> None:
        self._annotate(self._annotations.with_verdict(verdict))

    def _on_question_save_requested(self, question: SavedQuestion) -> None:
        self._annotate(self._annotations.with_question(question))

    def _on_question_delete_requested(self, index: int) -> None:
        self._annotate(self._annotations.without_question(index))

    @property
    def _annotations(self) -> Annotations:
        return Annotations() if self._result is None else self._store.annotations(self._result)

    def _annotate(self, annotations: Annotations) -> None:
        if self._result is not None:
            self._store.change(self._result, annotations)

    def _on_annotations_changed(self, result: SlideResult) -> None:
        if result is self._result:
            self._panel.verdicts.show_annotations(self._annotations)
            self._what_if.show_questions(self._annotations.questions)

    def _on_save_reported(self, result: SlideResult, text: str) -> None:
        if result is self._result:
            self._panel.verdicts.show_saved(text)
            self._panel.show_saved_path(self._store.saved_path(result))
