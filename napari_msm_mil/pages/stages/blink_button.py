"""The button that lets stages blink, and the menu in which the pair is chosen."""

from itertools import combinations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QAction, QActionGroup, QHBoxLayout, QMenu, QPushButton, QWidget

from msm_mil_core.display.stage_display import Pair
from msm_mil_core.mil.map_names import map_pair

WHICH_PX = 28
HELP = "Alternate between two stages: differences catch the eye"


class BlinkButton(QWidget):
    """Pressed it blinks, pressed again it stops; a pair chosen from the menu blinks at once."""

    requested = Signal(bool)
    pair_requested = Signal(object)
    """A `Pair`, or None for the first two stages that are shown."""

    def __init__(self) -> None:
        super().__init__()
        self._button = QPushButton("Blink")
        self._button.setCheckable(True)
        self._button.setObjectName("blink")
        self._button.setToolTip(HELP)
        self._button.clicked.connect(self.requested)
        self._menu, self._pairs = QMenu(self), QActionGroup(self)
        self._menu.setObjectName("blink_pairs")
        self._menu.triggered.connect(lambda action: self.pair_requested.emit(action.data()))
        self._which = QPushButton()
        self._which.setObjectName("blink_which")
        self._which.setAccessibleName("Which stages blink")
        self._which.setToolTip("Which stages blink")
        self._which.setMenu(self._menu)
        self._which.setMaximumWidth(WHICH_PX)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        layout.addWidget(self._button, 1)
        layout.addWidget(self._which)
        self.show_stages(0)

    @property
    def controls(self) -> tuple[QWidget, ...]:
        """What the keyboard goes through, in order."""
        return self._button, self._which

    @property
    def pair(self) -> Pair | None:
        """The chosen stages; None for the first two that are shown."""
        chosen = self._pairs.checkedAction()
        return None if chosen is None else chosen.data()

    def show_stages(self, stages: int, classes: tuple[str, ...] = ()) -> None:
        """Offer every pair of stages."""
        self._menu.clear()
        self._offer("The first two that are shown", None).setChecked(True)
        for one, other in combinations(range(stages), 2):
            self._offer(map_pair(one, other, classes), (one, other))

    def show_blinking(self, on: bool) -> None:
        """Show whether stages blink."""
        self._button.setChecked(on)

    def _offer(self, text: str, pair: Pair | None) -> QAction:
        action = QAction(text, self._menu)
        action.setCheckable(True)
        action.setData(pair)
        self._pairs.addAction(action)
        self._menu.addAction(action)
        return action
