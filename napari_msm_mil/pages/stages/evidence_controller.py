"""The evidence layer of a result, as the row requests it."""

from qtpy.QtCore import QObject, QTimer, Signal

from msm_mil_core.display.stage_display import EVIDENCE
from msm_mil_core.display.tile_map import evidence_map
from msm_mil_core.display.view_choice import attends_evenly
from msm_mil_core.errors import QuestionError
from msm_mil_core.explain.evidence import evidence_sum
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.layers.tile_map_layers import map_layer
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from napari_msm_mil.pages.stages.evidence_row import ALL, EvidenceRow


class EvidenceController(QObject):
    """Shows what tiles add to the log-odds of a class."""

    class_chosen = Signal(int)
    """The class whose evidence is shown."""

    def __init__(self, layers: ViewerLayers, row: EvidenceRow) -> None:
        super().__init__(row)
        self._layers, self._row = layers, row
        self._result: SlideResult | None = None
        self._opening = QTimer(self)  # napari is still busy with the layers of a result when it is reported
        self._opening.setSingleShot(True)
        self._opening.timeout.connect(self._show_where_attention_is_even)
        row.requested.connect(self._on_requested)
        layers.visible_changed.connect(self._on_layers_changed)
        layers.results_changed.connect(self._on_layers_changed)

    def show_result(self, result: SlideResult | None) -> None:
        """Show evidence of this result from now on."""
        self._result = result
        if result is not None:
            self._row.show_result(result)
            self._row.show_text("")
            self.class_chosen.emit(self._row.class_index)
            self._on_layers_changed()
            self._opening.start(0)

    def stop(self) -> None:
        """Show nothing that is still to come."""
        self._opening.stop()

    def show_fused(self) -> None:
        """Show the evidence for the chosen class through all stages."""
        self._row.choose_all_stages()
        self._on_requested(True, self._row.class_index, ALL)

    def why_not(self) -> str:
        """Return why there is no evidence; empty where there is."""
        if self._result is None:
            return ""
        try:
            evidence_sum(self._result.prediction, self._row.class_index)
        except QuestionError as exc:
            return str(exc)
        return ""

    def _on_requested(self, visible: bool, class_index: int, stage: int) -> None:
        result = self._result
        if result is None:
            return
        self.class_chosen.emit(class_index)
        if not visible:
            self._layers.remove_map(result, EVIDENCE)
            return
        try:
            shown = evidence_map(result.prediction, class_index, None if stage == ALL else stage)
        except QuestionError as exc:
            self._row.show_visible(visible=False)
            self._row.show_text(str(exc))
            return
        self._layers.select(self._layers.show_map(result, EVIDENCE, map_layer(result, shown)))
        total = evidence_sum(result.prediction, class_index)
        self._row.show_text(f"{total.sentence(result.prediction.classes[class_index])}\n{shown.legend}")

    def _show_where_attention_is_even(self) -> None:
        """Show the evidence of a model whose attention says nothing, unless it is there already."""
        result = self._result
        if result is None or not attends_evenly(result.prediction) or self.why_not():
            return
        if self._layers.layer_by_key(result, EVIDENCE) is None:
            self.show_fused()

    def _on_layers_changed(self) -> None:
        if self._result is None:
            return
        layer = self._layers.layer_by_key(self._result, EVIDENCE)
        visible = layer is not None and layer.visible
        self._row.show_visible(visible=visible)
        if layer is None and self._result.prediction.bias is not None:
            self._row.show_text("")
