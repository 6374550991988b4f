"""The column that is pinned below the others."""

import pytest
from qtpy.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget

from napari_msm_mil.widgets.controls import column
from napari_msm_mil.widgets.scroll_column import PinnedColumn, ScrollColumn


@pytest.fixture
def dock(qtbot):
    """A long column, and below it one that is pinned and holds three lines and a picture, which is hidden."""
    dock, layout = QWidget(), QVBoxLayout()
    dock.picture = QLabel("picture")
    dock.picture.setFixedHeight(160)
    dock.picture.hide()
    lines = [QLabel(f"line {number}") for number in range(3)]
    dock.pinned = PinnedColumn(column(*lines, dock.picture))
    dock.setLayout(layout)
    layout.addWidget(ScrollColumn(column(*(QLabel(f"entry {number}") for number in range(60)))), 1)
    layout.addWidget(dock.pinned)
    dock.pinned.limit(100)
    dock.resize(330, 400)
    qtbot.addWidget(dock)
    dock.show()
    qtbot.waitExposed(dock)
    return dock


def work():
    for _ in range(4):
        QApplication.processEvents()


def test_the_pinned_column_is_as_high_as_what_is_in_it_up_to_its_limit(dock):
    work()
    low = dock.pinned.height()
    dock.picture.show()
    work()

    assert low < dock.pinned.height() == 100
