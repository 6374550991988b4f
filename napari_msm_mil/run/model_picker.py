"""Choosing a model: bundled, used before, or from a file."""

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from msm_mil_core.errors import CheckpointError
from msm_mil_core.mil.model_file.checkpoint import Checkpoint, bundled_checkpoints, load_checkpoint
from napari_msm_mil.run.model_card import ModelCard
from napari_msm_mil.run.recent_models import recent_models, remember_model


class ModelPicker(QWidget):
    """A list of models, a button to browse for others, and the card of the chosen one."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._checkpoint: Checkpoint | None = None
        self._list = QComboBox()
        self._list.setObjectName("model")
        self._list.setAccessibleName("Model")
        self._list.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._list.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._list.currentIndexChanged.connect(lambda _: self._on_chosen())
        self._browse = QPushButton("Browse…")
        self._browse.setObjectName("browse_model")
        self._browse.setAccessibleName("Browse for a model file")
        self._browse.clicked.connect(lambda _: self._on_browse())
        self._card = ModelCard()
        line = QHBoxLayout()
        line.addWidget(self._list, 1)
        line.addWidget(self._browse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(line)
        layout.addWidget(self._card)
        self.setFocusProxy(self._list)
        self._fill()

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The chosen model; None if there is none or it cannot be read."""
        return self._checkpoint

    @property
    def card_text(self) -> str:
        """The text of the model card."""
        return self._card.text

    def choose(self, path: Path) -> None:
        """Choose a model file, and put it into the list if it is new and can be read."""
        at = self._list.findData(str(path.absolute()))
        if at < 0:
            self._list.addItem(path.stem, str(path.absolute()))
            at = self._list.count() - 1
        if at == self._list.currentIndex():
            self._on_chosen()
        self._list.setCurrentIndex(at)

    def _fill(self) -> None:
        bundled = bundled_checkpoints()
        self._list.blockSignals(True)
        for path in bundled:
            self._list.addItem(f"{path.stem} (bundled)", str(path.absolute()))
        for path in (path for path in recent_models() if path not in bundled):
            self._list.addItem(path.stem, str(path))
        self._list.blockSignals(False)
        self._on_chosen()

    def _on_chosen(self) -> None:
        chosen = self._list.currentData()
        if chosen is None:
            self._checkpoint = None
            self._card.show_problem("No model is bundled; browse for a model file (.safetensors).")
        else:
            self._load(Path(chosen))
        self.changed.emit()

    def _load(self, path: Path) -> None:
        try:
            self._checkpoint = load_checkpoint(path)
        except CheckpointError as exc:
            self._checkpoint = None
            self._card.show_problem(str(exc))
            return
        self._card.show_checkpoint(self._checkpoint)
        if path not in bundled_checkpoints():
            remember_model(path)

    def _on_browse(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Choose a model", "", "Models (*.safetensors);;All files (*)")
        if name:
            self.choose(Path(name))
