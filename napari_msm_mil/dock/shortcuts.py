"""Keyboard shortcuts of the window: what each does, and where it is active."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QDialog,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QShortcut,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from msm_mil_core.mil.map_names import said_of_maps
from napari_msm_mil.widgets.forms.dialog_buttons import DialogButtons, Standard

if TYPE_CHECKING:
    from napari import Viewer

STAGES = 9
TYPED_IN = (QLineEdit, QTextEdit, QPlainTextEdit, QAbstractSpinBox)


@dataclass(frozen=True, slots=True)
class Key:
    """One key and what it does."""

    key: str
    """As napari writes it."""
    action: str
    help_text: str


KEYS = (
    *(Key(f"Alt-{n}", f"show {n - 1}", f"Show or hide stage {n}") for n in range(1, STAGES + 1)),
    Key("N", "next", "Show the next stage alone"),
    Key("Shift-N", "previous", "Show the previous stage alone"),
    Key("H", "release", "Show again what was shown before"),
    Key("K", "blink", "Blink between two stages; again to stop"),
    Key("G", "side by side", "Stages side by side; again to return"),
    Key("U", "claimed", "Show or hide the outlines of claimed tiles"),
    Key("J", "next tile", "Go to the next tile of the gallery"),
    Key("Shift-J", "previous tile", "Go to the previous tile of the gallery"),
    Key("Alt-O", "open result", "Open a saved result"),
    Key("Alt-R", "run", "Run the model on the slide"),
    Key("Alt-M", "Compare", "Compare the stages"),
    Key("Alt-E", "export", "Export for QuPath, as a table or an image"),
    Key("Alt-D", "report", "Write the report"),
)
FILE_ACTIONS = frozenset({"open result", "run", "Compare", "export", "report"})
"""What nobody asks for by mistake: where it cannot be done, that is said."""


class Shortcuts(QObject):
    """Reacts to keys over the canvas and in the dock; never while text is typed."""

    pressed = Signal(str)
    """The action of a key."""

    def __init__(self, viewer: Viewer, dock: QWidget) -> None:
        super().__init__(dock)
        self._viewer = viewer
        self._handlers = {key.key: self._handler(key.action) for key in KEYS}
        for key in KEYS:
            viewer.bind_key(key.key, self._handlers[key.key], overwrite=True)
            shortcut = QShortcut(QKeySequence(key.key.replace("-", "+")), dock)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(partial(self._press, key.action))

    def stop(self) -> None:
        """Release the keys, except those that another dock has taken meanwhile."""
        bound = {str(key): handler for key, handler in self._viewer.keymap.items()}
        for key, handler in self._handlers.items():
            if handler in bound.values():
                self._viewer.bind_key(key, None)

    def _handler(self, action: str) -> Callable[[Viewer], None]:
        def press(_viewer: Viewer) -> None:
            self._press(action)

        return press

    def _press(self, action: str) -> None:
        if not isinstance(QApplication.focusWidget(), TYPED_IN):
            self.pressed.emit(action)


class ShortcutsDialog(QDialog):
    """Lists the keys."""

    def __init__(self, parent: QWidget | None = None, classes: Sequence[str] = ()) -> None:
        """List them for stages, or for the maps of `classes`."""
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.setObjectName("keys_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        for row, (key, help_text) in enumerate(_lines()):
            name = QLabel(key)
            font = name.font()
            font.setBold(True)
            name.setFont(font)
            grid.addWidget(name, row, 0)
            grid.addWidget(QLabel(said_of_maps(help_text, classes)), row, 1)
        buttons = DialogButtons(Standard.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(QLabel("Over the slide and in the dock:"))
        layout.addLayout(grid)
        layout.addWidget(buttons)


def _lines() -> list[tuple[str, str]]:
    others = [(key.key.replace("-", " + "), key.help_text) for key in KEYS[STAGES:]]
    return [(f"Alt + 1 … {STAGES}", "Show or hide stage 1 … 9"), *others]
