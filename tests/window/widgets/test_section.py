"""A collapsible section: collapsed at first, and what is hidden is out of reach of the keyboard."""

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLineEdit, QPushButton

from napari_msm_mil.widgets.section import Section
from tests.window.dock_user import child


@pytest.fixture
def field():
    return QLineEdit()


@pytest.fixture
def section(qtbot, field):
    section = Section("Advanced", "advanced", field)
    qtbot.addWidget(section)
    section.show()
    return section


def test_it_is_collapsed_at_first(section, field):
    assert not field.isVisible()
    assert child(section, "advanced").accessibleName() == "Advanced"


def test_a_click_expands_it_and_another_one_collapses_it(section, field, qtbot):
    button = child(section, "advanced")

    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    expanded = field.isVisible()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    assert expanded
    assert not field.isVisible()


def test_the_space_bar_expands_it(section, field, qtbot):
    qtbot.keyClick(child(section, "advanced"), Qt.Key.Key_Space)

    assert field.isVisible()


def test_what_is_added_later_is_shown_in_full(section, field, qtbot):
    child(section, "advanced").click()
    tall = QPushButton("tall")
    tall.setFixedHeight(300)

    section.add(tall)

    qtbot.waitUntil(lambda: section.height() >= 300 or tall.visibleRegion().boundingRect().height() == 300)
