"""What a model is, in short: what it was trained on, which classes it predicts, and its limits."""

from collections.abc import Mapping

from qtpy.QtWidgets import QVBoxLayout, QWidget

from msm_mil_core.mil.checkpoint import Checkpoint
from napari_msm_mil.widgets.section import Section
from napari_msm_mil.widgets.wrapped_label import WrappedText


class ModelCard(QWidget):
    """Two lines about a model, and the rest on demand."""

    def __init__(self) -> None:
        super().__init__()
        self._short = WrappedText("model_card")
        self._full = WrappedText("model_card_full")
        self._more = Section("About this model", "about_model", self._full)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for widget in (self._short, self._more):
            layout.addWidget(widget)

    def show_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Show what is known of a model."""
        self._short.setText(short_card(checkpoint))
        self._full.setText(full_card(checkpoint))
        self._more.setVisible(True)

    def show_problem(self, text: str) -> None:
        """Show why there is no model."""
        self._short.setText(text)
        self._more.setVisible(False)

    @property
    def text(self) -> str:
        """The whole text of the card."""
        return f"{self._short.text()}\n{self._full.text()}"


def short_card(checkpoint: Checkpoint) -> str:
    """Describe what a model predicts and what it was trained on."""
    classes = f"Classes: {', '.join(checkpoint.classes)}."
    data = checkpoint.record.get("data")
    return f"{classes}\nTrained on: {data}" if data else f"{classes}\nWhat it was trained on is not recorded."


def full_card(checkpoint: Checkpoint) -> str:
    """List everything that is known of a model, one line a fact."""
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
