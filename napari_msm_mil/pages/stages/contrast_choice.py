"""How values are spread over the colours: a choice for all stages or for one, and the legend."""

from collections.abc import Sequence

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from msm_mil_core.display.heatmap import CONTRASTS, contrast_label
from msm_mil_core.display.role_words import RoleWords
from msm_mil_core.display.stage_display import StageDisplay, visible_layers
from msm_mil_core.mil.map_names import map_label
from msm_mil_core.mil.prediction import Prediction
from napari_msm_mil.widgets.controls import named_box
from napari_msm_mil.widgets.wrapped_label import WrappedText

HELP = (
    "raw: as the model gives it; log: its decimal logarithm; rank: its place among the tiles shown to the stage, from "
    "0 to 1; percentile: the percentage of those tiles that are not higher"
)


class ContrastChoice(QWidget):
    """Two lists, which contrast and of which stages, and the legend below them."""

    requested = Signal(int, str)
    """Stage and contrast; stage -1 stands for all."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[int] = []
        self._display, self._words, self._overlap = StageDisplay(()), RoleWords(), ""
        self._classes: tuple[str, ...] = ()
        self._kind = named_box("contrast", "What the colours show", letters=9)
        self._kind.addItems(list(CONTRASTS))
        self._kind.setToolTip(HELP)
        self._stage = named_box("contrast_stage", "Of which stages", letters=10)
        self._legend = WrappedText("legend")
        self._kind.activated.connect(lambda at: self.requested.emit(self._stage.currentIndex() - 1, CONTRASTS[at]))
        self._stage.currentIndexChanged.connect(lambda _: self._show_kind())
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(QLabel("Colours"))
        line.addWidget(self._kind, 1)
        line.addWidget(self._stage, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(line)
        layout.addWidget(self._legend)

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """What the keyboard goes through."""
        return self._kind, self._stage

    def show_prediction(self, prediction: Prediction) -> None:
        """Offer the stages of a prediction."""
        self._display = StageDisplay(())  # that of the result before may have more stages
        self._shown = [int(np.isfinite(stage.attention).sum()) for stage in prediction.stages]
        self._stage.blockSignals(True)
        self._stage.clear()
        self._classes = prediction.map_classes
        self._stage.addItems(["all maps" if self._classes else "all stages", *prediction.map_names])
        self._stage.blockSignals(False)
        self._stage.setVisible(len(self._shown) > 1)

    def show_display(self, display: StageDisplay) -> None:
        """Show how the stages are displayed."""
        self._display = display
        self._legend.setText(self._text())
        self._show_kind()

    def show_overlap(self, note: str) -> None:
        """Say in the legend how tiles that overlap are drawn; an empty note says that none do."""
        self._overlap = note
        self._legend.setText(self._text())

    def show_roles(self, words: RoleWords) -> None:
        """Say in the legend what each stage is for."""
        self._words = words
        self._legend.setText(self._text())

    def _show_kind(self) -> None:
        at, display = self._stage.currentIndex() - 1, self._display
        chosen = {display.stages[index].contrast for index in display.present if at in (-1, index)}
        self._kind.setEnabled(bool(chosen))
        self._kind.setCurrentIndex(CONTRASTS.index(next(iter(chosen))) if len(chosen) == 1 else -1)

    def _text(self) -> str:
        display = self._display
        visible = [index for index in sorted(display.present) if index in visible_layers(display)]
        if not visible:
            return f"No {'map' if self._classes else 'stage'} is shown." if display.present else ""
        ends = "Pale to full colour" if display.alone is None else "Pale yellow to dark blue"
        scale = f" {_scale(display, self._classes)}." if len(self._shown) > 1 else ""
        texts: dict[str, list[int]] = {}
        for index in visible:
            texts.setdefault(self._label(index), []).append(index)
        lines = [f"{self._names(indices)}: {text}" for text, indices in texts.items()]
        overlap = [self._overlap] if self._overlap else []
        return "\n".join([f"{ends}.{scale}{_top(display)}", *lines, *overlap])

    def _label(self, index: int) -> str:
        setting = self._display.contrast_setting(index)
        ranked = setting.shared and setting.contrast in ("rank", "percentile")
        shown = sum(self._shown) if ranked else self._shown[index]
        return contrast_label(setting.contrast, shown, shared=setting.shared)

    def _names(self, indices: Sequence[int]) -> str:
        one, several = ("Map of", "Maps of") if self._classes else ("Stage", "Stages")
        *others, last = (f"{map_label(index, self._classes)}{self._role(index)}" for index in indices)
        return f"{several} {', '.join(others)} and {last}" if others else f"{one} {last}"

    def _role(self, index: int) -> str:
        role = self._words.role(index)
        return f" ({role})" if role else ""


def _scale(display: StageDisplay, classes: Sequence[str]) -> str:
    kind = "map" if classes else "stage"
    return f"All {kind}s on one scale" if display.shared_scale else f"Each {kind} on a scale of its own"


def _top(display: StageDisplay) -> str:
    percent = display.shown_percent
    if percent >= 100:
        return ""
    return f" Only the top {percent:g} %{' of each' if len(display.stages) > 1 else ''}."
