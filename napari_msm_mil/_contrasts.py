"""How values are spread over the colours: a switch for all stages or for one, and the legend that says it."""

from collections.abc import Sequence

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.output.heatmap import CONTRASTS, Contrast, contrast_label
from msm_mil_core.output.stages import stage_name
from napari_msm_mil._wrapped import WrappedText

HELP = "raw: as the model gives it; log: its decimal logarithm; rank: its place among the tiles shown to the stage"


class ContrastChoice(QWidget):
    """Two lists, which contrast and of which stages, and the legend below them."""

    wished = Signal(int, str)
    """Stage and contrast; stage -1 stands for all."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[int] = []
        self._contrasts: Sequence[Contrast | None] = ()
        self._kind = _box("contrast", "What the colours show")
        self._kind.addItems(list(CONTRASTS))
        self._kind.setToolTip(HELP)
        self._stage = _box("contrast_stage", "Of which stages")
        self._legend = WrappedText("legend")
        self._kind.activated.connect(lambda at: self.wished.emit(self._stage.currentIndex() - 1, CONTRASTS[at]))
        self._stage.currentIndexChanged.connect(lambda _: self._show_kind())
        line = QHBoxLayout()
        line.addWidget(QLabel("Colours show"))
        line.addWidget(self._kind, 1)
        line.addWidget(QLabel("of"))
        line.addWidget(self._stage, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(line)
        layout.addWidget(self._legend)

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """What the keyboard goes through."""
        return self._kind, self._stage

    @property
    def legend(self) -> str:
        """What the colours stand for, in words."""
        return self._legend.text()

    def show_prediction(self, prediction: Prediction) -> None:
        """Offer the stages of a prediction."""
        self._shown = [int(np.isfinite(stage.attention).sum()) for stage in prediction.stages]
        self._stage.blockSignals(True)
        self._stage.clear()
        self._stage.addItems(["all stages", *map(stage_name, range(len(self._shown)))])
        self._stage.blockSignals(False)

    def show_contrasts(self, contrasts: Sequence[Contrast | None]) -> None:
        """Show the contrast of each stage; None for one without a layer."""
        self._contrasts = contrasts
        self._legend.setText(self._words())
        self._show_kind()

    def _show_kind(self) -> None:
        at = self._stage.currentIndex() - 1
        chosen = {kind for kind in (self._contrasts if at < 0 else [self._contrasts[at]]) if kind is not None}
        self._kind.setEnabled(bool(chosen))
        self._kind.setCurrentIndex(CONTRASTS.index(next(iter(chosen))) if len(chosen) == 1 else -1)

    def _words(self) -> str:
        pairs = enumerate(zip(self._contrasts, self._shown, strict=True))
        texts = {stage_name(index): contrast_label(kind, n) for index, (kind, n) in pairs if kind is not None}
        if len(set(texts.values())) == 1:
            return f"Pale to full colour: {next(iter(texts.values()))}. Each stage has a scale of its own."
        lines = [f"{name}: {text}" for name, text in texts.items()]
        return "\n".join(["Pale to full colour, each stage on a scale of its own:", *lines]) if lines else ""


def _box(object_name: str, name: str) -> QComboBox:
    box = QComboBox()
    box.setObjectName(object_name)
    box.setAccessibleName(name)
    return box
