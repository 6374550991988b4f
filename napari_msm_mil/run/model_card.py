"""The card of a model in the window: five lines, and the rest on demand."""

from qtpy.QtWidgets import QVBoxLayout, QWidget

from msm_mil_core.mil.model_file.checkpoint import Checkpoint
from msm_mil_core.mil.model_file.model_card import full_card, short_card
from napari_msm_mil.widgets.section import Section
from napari_msm_mil.widgets.wrapped_label import WrappedText


class ModelCard(QWidget):
    """Five lines about a model, and the rest on demand."""

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
        self._short.setText("\n".join(short_card(checkpoint)))
        self._full.setText("\n".join(full_card(checkpoint)))
        self._more.setVisible(True)

    def show_problem(self, text: str) -> None:
        """Show why there is no model."""
        self._short.setText(text)
        self._more.setVisible(False)

    @property
    def text(self) -> str:
        """The whole text of the card."""
        return f"{self._short.text()}\n{self._full.text()}"
