"""What a model is, in few words: what it was trained on, what it tells apart, and its limits."""

from collections.abc import Mapping

from qtpy.QtWidgets import QVBoxLayout, QWidget

from msm_mil_core.mil.checkpoint import Checkpoint
from napari_msm_mil.widgets.disclosure import Disclosure
from napari_msm_mil.widgets.wrapped_label import WrappedText


class ModelCard(QWidget):
    """Two lines on a model, and the rest on demand."""

    def __init__(self) -> None:
        super().__init__()
        self._short = WrappedText("model_card")
        self._full = WrappedText("model_card_full")
        self._more = Disclosure("About this model", self._full)
        self._more.setObjectName("about_model")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for widget in (self._short, self._more, self._full):
            layout.addWidget(widget)

    def show_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Show what is known of a model."""
        self._short.setText(short_card(checkpoint))
        self._full.setText(full_card(checkpoint))
        self._more.setVisible(True)
        self._full.setVisible(self._more.isChecked())

    def show_problem(self, text: str) -> None:
        """Say why there is no model."""
        self._short.setText(text)
        self._more.setVisible(False)
        self._full.setVisible(False)

    @property
    def text(self) -> str:
        """All that the card says."""
        return f"{self._short.text()}\n{self._full.text()}"


def short_card(checkpoint: Checkpoint) -> str:
    """Say what a model tells apart and what it was trained on."""
    told = f"Tells apart: {', '.join(checkpoint.classes)}."
    data = checkpoint.record.get("data")
    return f"{told}\nTrained on: {data}" if data else f"{told}\nWhat it was trained on is not recorded."


def full_card(checkpoint: Checkpoint) -> str:
    """Say everything that is known of a model, one line a fact."""
    facts = {
        "name": checkpoint.name,
        "encoder": checkpoint.encoder,
        "tiles": f"{checkpoint.side_px} px at {checkpoint.mpp:g} µm per pixel",
        "stages": f"{checkpoint.options.stages} (preset {checkpoint.options.preset})",
    }
    record = {str(key): _words(value) for key, value in checkpoint.record.items() if key != "data"}
    return "\n".join(f"{key[:1].upper()}{key[1:]}: {value}" for key, value in (facts | record).items())


def _words(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_words(each)}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_words, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
