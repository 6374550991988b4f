"""Requests a search for few tiles that decide."""

from typing import Literal, TypeAlias, get_args

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from msm_mil_core.explain.counterfactual import SearchProgress
from napari_msm_mil.widgets.wrapped_label import WrappedText

Search: TypeAlias = Literal["flip", "sufficient"]
FEW = "It says whether one of them can be spared; another set may be smaller."
TEXTS: dict[Search, tuple[str, str]] = {
    "flip": (
        "…change the answer",
        f"Tiles whose removal changes the model's answer, as few as the search finds. {FEW}",
    ),
    "sufficient": ("…suffice for it", f"Tiles that alone give the same answer, as few as the search finds. {FEW}"),
}


class SearchBox(QWidget):
    """Two buttons, one for each search, and one that stops it."""

    search_requested = Signal(str)
    """A `Search`."""
    stop_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._buttons = {search: self._button(search) for search in get_args(Search)}
        self._stop = QPushButton("Stop")
        self._stop.setObjectName("search_stop")
        self._stop.clicked.connect(lambda _: self.stop_requested.emit())
        self._text = WrappedText("search_text")
        line = QHBoxLayout()
        for button in (*self._buttons.values(), self._stop):
            line.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(QLabel("Find few tiles that…"))
        layout.addLayout(line)
        layout.addWidget(self._text)
        self.show_idle("")

    def show_running(self) -> None:
        """Show that a search is running."""
        self._show_busy(busy=True)
        self._text.setText("Searching…")

    def show_progress(self, now: SearchProgress) -> None:
        """Show how far the search is, and what it has so far."""
        asked = f"{now.step}: {now.done:,} of at most {now.total:,} questions asked"
        self._text.setText(asked if now.so_far is None else f"{now.so_far}\n{asked}")

    def show_idle(self, text: str) -> None:
        """Show that no search is running, and what the last one found."""
        self._show_busy(busy=False)
        self._text.setText(text)

    @property
    def text(self) -> str:
        """What was found."""
        return self._text.text()

    def _show_busy(self, *, busy: bool) -> None:
        for button in self._buttons.values():
            button.setVisible(not busy)
        self._stop.setVisible(busy)
        self._text.setVisible(True)

    def _button(self, search: Search) -> QPushButton:
        text, help_text = TEXTS[search]
        button = QPushButton(text)
        button.setObjectName(f"search_{search}")
        button.setAccessibleName(f"Find few tiles that {text.removeprefix('…')}")
        button.setToolTip(help_text)
        button.clicked.connect(lambda _: self.search_requested.emit(search))
        return button
