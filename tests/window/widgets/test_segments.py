"""One choice out of a few, in a row of buttons."""

import pytest
from qtpy.QtCore import Qt

from napari_msm_mil.widgets.segments import PADDING_PX, Segments
from tests.window.dock_user import child

LONG = "Evidence for adenocarcinoma & squamous cell carcinoma of the lung"


@pytest.fixture
def segments(qtbot):
    segments = Segments({"one": "One", "all": "All", "long": LONG})
    qtbot.addWidget(segments)
    segments.show()
    return segments


def down(segments):
    return [control.objectName() for control in segments.controls if control.isChecked()]


def test_a_press_is_a_request_and_nothing_more(segments, qtbot):
    segments.show_chosen("one")

    with qtbot.waitSignal(segments.requested) as request:
        qtbot.mouseClick(child(segments, "all"), Qt.MouseButton.LeftButton)

    assert request.args == ["all"]
    assert down(segments) == ["one"]


def test_at_most_one_is_down(segments):
    segments.show_chosen("one")
    segments.show_chosen("all")
    one = down(segments)
    segments.show_chosen(None)

    assert one == ["all"]
    assert down(segments) == []


def test_what_is_down_can_be_requested_again(segments, qtbot):
    segments.show_chosen("one")

    with qtbot.waitSignal(segments.requested):
        qtbot.keyClick(child(segments, "one"), Qt.Key.Key_Space)

    assert down(segments) == ["one"]


@pytest.mark.parametrize("width_px", [180, 260, 900])
def test_the_last_text_is_cut_to_the_room_and_the_others_never(segments, qtbot, width_px):
    segments.resize(width_px, 30)
    long, *others = (child(segments, name) for name in ("long", "one", "all"))
    qtbot.waitUntil(lambda: segments.width() == width_px)

    shown = long.text().replace("&&", "&")

    assert [each.text() for each in others] == ["One", "All"]
    assert long.fontMetrics().horizontalAdvance(shown) <= long.width() - PADDING_PX
    assert (shown == LONG) == (width_px == 900)
    assert long.accessibleName() == LONG
