"""The keys: none of napari's own, active over the canvas and in the dock, listed under "?"."""

from contextlib import contextmanager

import pytest
from app_model.types import KeyBinding
from napari.layers import Image, Labels, Points, Shapes, Surface, Tracks, Vectors
from napari.utils.shortcuts import default_shortcuts
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import (
    QApplication,
    QLabel,
    QLineEdit,
    QMainWindow,
    QMenu,
    QPushButton,
    QSpinBox,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from napari_msm_mil.dock.shortcuts import KEYS, Shortcuts, ShortcutsDialog


def as_binding(key):
    return str(KeyBinding.from_str(key.replace("-", "+")))


def test_no_key_is_one_of_napari():
    taken = {str(key) for keys in default_shortcuts.values() for key in keys}
    for kind in (Image, Labels, Points, Shapes, Surface, Tracks, Vectors):
        taken |= {str(key) for key in kind.class_keymap}

    assert not {as_binding(key.key) for key in KEYS} & taken
    assert len({key.key for key in KEYS}) == len({key.action for key in KEYS}) == len(KEYS)


@pytest.mark.usefixtures("shown_viewer")
def test_no_key_is_one_of_napari_s_menus():
    taken = set()
    for menu in the_window().findChildren(QMenu):
        menu.aboutToShow.emit()  # napari fills a menu when it opens
        taken |= {action.shortcut().toString() for action in menu.actions()}

    assert "Alt+S" in taken
    assert not {QKeySequence(key.key.replace("-", "+")).toString() for key in KEYS} & taken


@pytest.fixture
def shown_viewer(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    with qtbot.waitExposed(the_window()):
        the_window().activateWindow()
    return viewer


def the_window():
    return next(window for window in QApplication.topLevelWidgets() if isinstance(window, QMainWindow))


def the_canvas():
    return next(widget for widget in the_window().findChildren(QWidget) if widget.inherits("QOpenGLWidget"))


@contextmanager
def focus_in(widget, qtbot):
    widget.setFocus()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is widget)
    yield


def a_dock():
    dock = QWidget()
    dock.button, dock.field, dock.number, dock.note = QPushButton(), QLineEdit(), QSpinBox(), QTextEdit()
    layout = QVBoxLayout(dock)
    for widget in (dock.button, dock.field, dock.number, dock.note):
        layout.addWidget(widget)
    return dock


@pytest.fixture
def dock(qtbot):
    dock = a_dock()
    qtbot.addWidget(dock)
    return dock


def test_a_key_over_the_canvas_is_heard(viewer, dock, qtbot):
    keys = Shortcuts(viewer, dock)

    with qtbot.waitSignal(keys.pressed) as pressed:
        next(handler for key, handler in viewer.keymap.items() if str(key) == "K")(viewer)

    assert pressed.args == ["blink"]
    keys.stop()


@pytest.mark.parametrize(("key", "modifier", "action"), [("K", "No", "blink"), ("2", "Alt", "show 1")])
def test_keys_are_heard_where_the_canvas_or_the_dock_has_the_focus(shown_viewer, qtbot, key, modifier, action):
    dock = a_dock()
    shown_viewer.window.add_dock_widget(dock)
    keys, heard = Shortcuts(shown_viewer, dock), []
    keys.pressed.connect(heard.append)
    pressed = getattr(Qt.Key, f"Key_{key}"), getattr(Qt.KeyboardModifier, f"{modifier}Modifier")

    for place in (the_canvas(), dock.button):
        with focus_in(place, qtbot), qtbot.waitSignal(keys.pressed):
            qtbot.keyClick(place, *pressed)

    assert heard == [action, action]
    keys.stop()


def test_what_is_typed_into_a_field_is_not_a_shortcut(shown_viewer, qtbot):
    dock = a_dock()
    shown_viewer.window.add_dock_widget(dock)
    keys, heard = Shortcuts(shown_viewer, dock), []
    keys.pressed.connect(heard.append)

    for field in (dock.field, dock.number, dock.note):
        with focus_in(field, qtbot):
            qtbot.keyClicks(field, "gnuhk")
            qtbot.keyClick(field, Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)

    assert dock.field.text().startswith("gnuhk")
    assert dock.note.toPlainText().startswith("gnuhk")
    assert not heard
    keys.stop()


def test_a_second_dock_takes_the_keys_and_the_first_does_not_take_them_back(viewer, dock, qtbot):
    first, second = Shortcuts(viewer, dock), Shortcuts(viewer, dock)
    first.stop()

    with qtbot.waitSignal(second.pressed):
        next(handler for key, handler in viewer.keymap.items() if str(key) == "U")(viewer)

    second.stop()
    assert not {str(key) for key in viewer.keymap} & {as_binding(key.key) for key in KEYS}


def test_every_key_is_listed(qtbot):
    dialog = ShortcutsDialog()
    qtbot.addWidget(dialog)

    words = " ".join(label.text() for label in dialog.findChildren(QLabel))

    assert "Alt + 1 … 9" in words
    for key in KEYS[9:]:
        assert key.help_text in words
    assert dialog.testAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
