"""What a second result of the slide says beside the first: in words, as maps, and side by side."""

from collections.abc import Sequence
from functools import partial

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QMenu, QVBoxLayout, QWidget

from msm_mil_core.display.model_maps import AGREEMENT, DIFFERENCE, SPREAD
from msm_mil_core.explain.models.model_comparison import ModelComparison
from napari_msm_mil.widgets.controls import named_button
from napari_msm_mil.widgets.map_switch import MapSwitch
from napari_msm_mil.widgets.wrapped_label import WrappedText

ASK = "Another model, encoder, fold or seed on this slide can stand beside this result."


class OtherResultPanel(QWidget):
    """Requests a second result, and shows how far both agree."""

    other_requested = Signal()
    file_requested = Signal()
    """The other result is in a file."""
    open_chosen = Signal(int)
    """Which of those that were offered."""
    map_requested = Signal(str, bool)
    """Key of a map, and whether it is to be shown."""
    side_by_side_requested = Signal()
    removed = Signal()
    """The other result is to be put away."""

    def __init__(self) -> None:
        super().__init__()
        self._ask = named_button(
            "Compare with another result…", "compare_other", "A result of the same slide, by another model or encoder"
        )
        self._menu, self._text = QMenu(self), WrappedText("other_text")
        self._menu.setObjectName("other_results")
        self._body = QWidget()
        self._side = named_button("Both side by side", "other_side_by_side", "Where each looks; press again to return")
        self._remove = named_button("Put away", "other_remove", "Go on without the other result")
        self.maps = {
            AGREEMENT: MapSwitch("map_models_agreement", "Found by how many", "Models with the tile on top"),
            SPREAD: MapSwitch("map_models_spread", "Spread over models", "How far the tile's rank varies over them"),
            DIFFERENCE: MapSwitch("map_models_difference", "Difference of rank", "Where this result ranks it higher"),
        }
        self._connect()
        self._lay_out()
        self.show_idle("")

    @property
    def text(self) -> str:
        """What was found, or why nothing was."""
        return self._text.text()

    def offer(self, names: Sequence[str]) -> None:
        """Offer results that are open, and one in a file."""
        self._menu.clear()
        for at, name in enumerate(names):
            action = self._menu.addAction(name.replace("&", "&&"))  # in a menu, & marks a key
            action.triggered.connect(lambda _, at=at: self.open_chosen.emit(at))
        self._menu.addSeparator()
        self._menu.addAction("From a file…").triggered.connect(lambda _: self.file_requested.emit())
        self._menu.popup(self._ask.mapToGlobal(self._ask.rect().bottomLeft()))

    def show_idle(self, text: str) -> None:
        """Show that there is no second result, and a message."""
        self._text.setText(text or ASK)
        self._body.setVisible(False)

    def show_comparison(self, comparison: ModelComparison) -> None:
        """Show how far both agree."""
        (pair,) = comparison.pairs
        figures = (
            f"Top {comparison.top_percent:g} %: overlap {pair.overlap:.2f} (by chance {pair.overlap_by_chance:.2f}); "
            f"rank correlation {pair.rank_correlation:+.2f}."
        )
        self._text.setText("\n".join((comparison.sentences[0], figures, *comparison.sentences[1:])))
        self._body.setVisible(True)

    def _connect(self) -> None:
        self._ask.clicked.connect(lambda _: self.other_requested.emit())
        self._side.clicked.connect(lambda _: self.side_by_side_requested.emit())
        self._remove.clicked.connect(lambda _: self.removed.emit())
        for key, switch in self.maps.items():
            switch.requested.connect(partial(self.map_requested.emit, key))

    def _lay_out(self) -> None:
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.addWidget(QLabel("Show on the slide"))
        for widget in (*self.maps.values(), self._side, self._remove):
            body.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 10, 0, 0)
        for part in (self._ask, self._text, self._body):
            layout.addWidget(part)
