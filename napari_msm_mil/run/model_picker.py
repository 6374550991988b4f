"""Choosing a model: bundled, used before, from a file, or one made elsewhere, which is imported first."""

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from msm_mil_core.errors import CheckpointError, ForeignModelError
from msm_mil_core.mil.foreign.weights_file import SUFFIXES
from msm_mil_core.mil.model_file.checkpoint import Checkpoint, bundled_checkpoints, load_checkpoint
from napari_msm_mil.run.import_flow import ImportFlow
from napari_msm_mil.run.model_card import ModelCard
from napari_msm_mil.run.recent_models import chosen_model, recent_models, remember_model
from napari_msm_mil.widgets.controls import named_box

ELSEWHERE = " ".join(f"*{suffix}" for suffix in SUFFIXES)
FILTER = f"Models (*.safetensors);;Models made elsewhere ({ELSEWHERE});;All files (*)"


class ModelPicker(QWidget):
    """A list of models, a button to browse for others, and the card of the chosen one."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._checkpoint: Checkpoint | None = None
        self._before = 0
        self._list = named_box("model", "Model")
        self._list.currentIndexChanged.connect(lambda _: self._on_chosen())
        self._browse = QPushButton("Browse…")
        self._browse.setObjectName("browse_model")
        self._browse.setAccessibleName("Browse for a model file")
        self._browse.clicked.connect(lambda _: self.ask())
        self._card = ModelCard()
        self._import = ImportFlow(self)
        self._lay_out()
        self._fill()

    def _lay_out(self) -> None:
        self._import.told.connect(self._card.show_problem)
        self._import.imported.connect(self.choose)
        self._import.dismissed.connect(lambda: self._list.setCurrentIndex(self._before))
        line = QHBoxLayout()
        line.addWidget(self._list, 1)
        line.addWidget(self._browse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(line)
        layout.addWidget(self._card)
        self.setFocusProxy(self._list)

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The chosen model; None if there is none or it cannot be read."""
        return self._checkpoint

    @property
    def card_text(self) -> str:
        """The text of the model card."""
        return self._card.text

    def ask(self) -> None:
        """Ask for the file of a model, and choose it."""
        name, _ = QFileDialog.getOpenFileName(self, "Choose a model", "", FILTER)
        if name:
            self.choose(Path(name))

    def choose(self, path: Path) -> None:
        """Choose a model file, and put it into the list if it is new and can be read; import one made elsewhere."""
        if path.suffix == ".npz" or _is_foreign(path):
            self._before = max(self._list.currentIndex(), 0)
            self._list.setCurrentIndex(-1)
            self._import.start(path)
            return
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
        self._list.setCurrentIndex(max(0, self._list.findData(chosen_model())))
        self._list.blockSignals(False)
        self._on_chosen()

    def _on_chosen(self) -> None:
        self._import.stop()
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
        remember_model(path, bundled=path in bundled_checkpoints())


def _is_foreign(path: Path) -> bool:
    """Return whether a file of weights was made elsewhere, so that it has to be imported."""
    try:
        load_checkpoint(path)
    except ForeignModelError:
        return True
    except CheckpointError:
        return False
    return False
