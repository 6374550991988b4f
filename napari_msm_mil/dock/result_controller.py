"""The pages of the result's panel, each joined to what does its work; and the clicks that several of them use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject

from msm_mil_core.results.annotations import Verdict
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.dock.result_panel import ResultPanel
from napari_msm_mil.files.annotation_store import AnnotationStore
from napari_msm_mil.layers.clicks import SlideClicks
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from napari_msm_mil.pages.check.controller import CheckController
from napari_msm_mil.pages.compare.controller import CompareController
from napari_msm_mil.pages.gallery.controller import GalleryController
from napari_msm_mil.pages.readout.controller import ReadoutController
from napari_msm_mil.pages.stages.evidence_controller import EvidenceController
from napari_msm_mil.pages.what_if.controller import WhatIfController

if TYPE_CHECKING:
    from napari import Viewer


class ResultController(QObject):
    """Lets every page follow the result that is shown."""

    def __init__(self, viewer: Viewer, layers: ViewerLayers, panel: ResultPanel, notes: AnnotationStore) -> None:
        super().__init__(panel)
        self._layers, self._panel, self._notes = layers, panel, notes
        self._result: SlideResult | None = None
        self._reading = ReadoutController(viewer, layers, panel.readout)
        self._clicks = SlideClicks(viewer, self)
        self._weighing = EvidenceController(layers, panel.evidence)
        self._browsing = GalleryController(layers, panel.gallery, panel.tile_view)
        self._comparing = CompareController(layers, panel.compare)
        self._asking = WhatIfController(layers, panel.ask, notes)
        self._checking = CheckController(layers, panel.check)
        self._rooms = (self._reading, self._weighing, self._browsing, self._comparing, self._asking, self._checking)
        self._connect()

    def stop(self) -> None:
        """Stop what is under way, and stop listening to the viewer."""
        for room in (self._clicks, self._reading, self._browsing, self._comparing, self._asking, self._checking):
            room.stop()

    def look_again(self) -> None:
        """Look at the slide's pixels again: its layer came or went."""
        self._browsing.show_result(self._result)

    def _connect(self) -> None:
        panel = self._panel
        panel.shown.connect(self._on_shown)
        panel.tabs.turned.connect(self._on_turned)
        panel.readout.unlock_requested.connect(lambda: self._lock(None))
        panel.verdicts.verdict_given.connect(self._on_verdict_given)
        self._browsing.tile_chosen.connect(self._lock)
        self._clicks.clicked.connect(self._on_clicked)
        self._weighing.class_chosen.connect(self._reading.read_class)
        self._notes.changed.connect(self._on_notes_changed)
        self._notes.saved.connect(self._on_notes_told)
        self._notes.failed.connect(self._on_notes_told)

    def _on_shown(self, result: SlideResult | None) -> None:
        self._panel.verdicts.finish()
        self._result = result
        self._panel.verdicts.show_result(result)
        if result is not None:
            self._notes.begin(result, self._layers.result_file(result))
            self._panel.verdicts.show_annotations(self._notes.of(result))
        for room in self._rooms:
            room.show_result(result)

    def _on_turned(self, name: str) -> None:
        self._browsing.look(at=name == "Gallery")
        self._comparing.look(at=name == "Compare")

    def _on_clicked(self, world: tuple[float, ...]) -> None:
        tile = self._reading.tile_at(world)
        if self._asking.pointing.clicking:
            if tile is not None:
                self._asking.pointing.click(tile)
            return
        self._lock(tile)

    def _lock(self, tile: int | None) -> None:
        self._reading.lock(tile)
        self._browsing.show_tile(tile)

    def _on_verdict_given(self, verdict: Verdict) -> None:
        result = self._result
        if result is not None:
            self._notes.change(result, self._notes.of(result).with_verdict(verdict))

    def _on_notes_changed(self, result: SlideResult) -> None:
        if result is self._result:
            self._panel.verdicts.show_annotations(self._notes.of(result))

    def _on_notes_told(self, result: SlideResult, text: str) -> None:
        if result is self._result:
            self._panel.verdicts.show_saved(text)
            self._panel.show_kept(self._notes.where(result))
