"""The page on which a pathologist says what each stage looked at."""

import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication, QPushButton, QVBoxLayout, QWidget

from msm_mil_core.results.annotations import Annotations, Verdict
from napari_msm_mil.pages.verdict.panel import VerdictPanel
from tests.results import a_result
from tests.window.dock_user import child


@pytest.fixture
def panel(qtbot):
    panel = VerdictPanel()
    qtbot.addWidget(panel)
    panel.show_result(a_result())
    panel.show()
    return panel


@pytest.fixture
def given(panel):
    heard = []

    def hear(verdict):
        heard.append(verdict)
        panel.show_annotations(Annotations().with_verdict(verdict))

    panel.verdict_given.connect(hear)
    return heard


def test_a_verdict_is_chosen(panel, given):
    box = child(panel, "verdict_1")

    box.setCurrentText("tumour")
    box.activated.emit(box.currentIndex())

    (verdict,) = given
    assert (verdict.stage, verdict.label, verdict.note) == (1, "tumour", "")


def test_a_verdict_is_typed_once_and_told_once(panel, given, qtbot):
    box = child(panel, "verdict_0")

    qtbot.keyClicks(box.lineEdit(), "in situ, grade 2")
    assert not given
    qtbot.keyClick(box.lineEdit(), Qt.Key.Key_Return)
    child(panel, "note_0").setFocus()

    assert [verdict.label for verdict in given] == ["in situ, grade 2"]


@pytest.mark.parametrize("typed", ["normal", "TUMOUR", "n", "in"])
def test_what_is_typed_is_kept_to_the_letter(panel, given, qtbot, typed):
    box = child(panel, "verdict_0")

    qtbot.keyClicks(box.lineEdit(), typed)
    qtbot.keyClick(box.lineEdit(), Qt.Key.Key_Return)

    assert [verdict.label for verdict in given] == [typed]
    assert box.currentText() == typed


def test_what_is_said_once_is_told_once_though_nobody_answers(panel, qtbot):
    heard = []
    panel.verdict_given.connect(heard.append)

    qtbot.keyClicks(child(panel, "note_1"), "a fold")
    for _ in range(2):
        qtbot.keyClick(child(panel, "note_1"), Qt.Key.Key_Return)
    panel.finish()

    assert [verdict.note for verdict in heard] == ["a fold"]


def test_scrolling_past_a_verdict_does_not_change_it(panel, given):
    box = child(panel, "verdict_0")

    event = wheel_down(box)
    QApplication.sendEvent(box, event)

    assert not given
    assert box.currentText() == ""
    assert not event.isAccepted()


def test_closing_loses_nothing_that_is_being_typed(panel, given, qtbot):
    qtbot.keyClicks(child(panel, "note_0"), "left border")

    panel.hide()

    assert [verdict.note for verdict in given] == ["left border"]


def test_what_is_being_typed_is_never_said_of_the_next_result(panel, given, qtbot):
    panel.activateWindow()
    child(panel, "note_0").setFocus()
    qtbot.waitUntil(child(panel, "note_0").hasFocus)
    qtbot.keyClicks(child(panel, "note_0"), "of the first")

    panel.show_result(a_result())

    assert not given
    assert child(panel, "note_0").text() == ""


def test_what_is_being_typed_is_said_on_finishing(panel, given, qtbot):
    qtbot.keyClicks(child(panel, "verdict_2").lineEdit(), "stroma")

    panel.finish()

    assert [(verdict.stage, verdict.label) for verdict in given] == [(2, "stroma")]


def test_until_it_is_saved_the_page_says_so(panel, given, qtbot):
    qtbot.keyClicks(child(panel, "note_0"), "left")
    qtbot.keyClick(child(panel, "note_0"), Qt.Key.Key_Return)
    before = panel.saved_text

    panel.show_saved("Saved in drawn.msm.h5 at 10:02.")

    assert before == "Not saved yet."
    assert panel.saved_text == "Saved in drawn.msm.h5 at 10:02."


@pytest.mark.parametrize(("at", "shown"), [("2026-11-24T10:00:00+01:00", "24 Nov, 10:00"), ("", ""), ("once", "once")])
def test_when_a_verdict_was_given_is_told_however_it_is_written(panel, at, shown):
    panel.show_annotations(Annotations().with_verdict(Verdict(stage=0, label="tumour", at=at)))

    assert child(panel, "verdict_at_0").text() == shown


def test_fields_that_come_again_keep_their_place_in_the_tab_order(qtbot):
    window, panel, below = QWidget(), VerdictPanel(), QPushButton()
    below.setObjectName("below")
    column = QVBoxLayout(window)
    column.addWidget(panel)
    column.addWidget(below)
    qtbot.addWidget(window)

    for _ in range(2):
        panel.show_result(a_result())

    assert tab_order(window) == [*(f"{field}_{n}" for n in range(3) for field in ("verdict", "note")), "below"]


def test_a_note_goes_with_its_label(panel, given, qtbot):
    panel.show_annotations(
        Annotations().with_verdict(Verdict(stage=2, label="artefact", at="2026-11-24T10:00:00+01:00"))
    )

    qtbot.keyClicks(child(panel, "note_2"), "a fold")
    qtbot.keyClick(child(panel, "note_2"), Qt.Key.Key_Return)

    (verdict,) = given
    assert (verdict.stage, verdict.label, verdict.note) == (2, "artefact", "a fold")


def test_showing_verdicts_gives_none(panel, given):
    annotations = Annotations().with_verdict(
        Verdict(stage=0, label="tumour", note="left", at="2026-11-24T10:00:00+01:00")
    )

    panel.show_annotations(annotations)

    assert child(panel, "verdict_0").currentText() == "tumour"
    assert child(panel, "note_0").text() == "left"
    assert not given


def test_another_result_begins_with_empty_fields(panel, given):
    panel.show_annotations(Annotations().with_verdict(Verdict(stage=0, label="tumour", at="2026-11-24T10:00:00+01:00")))

    panel.show_result(a_result())

    assert child(panel, "verdict_0").currentText() == ""
    assert not given


def test_every_field_has_a_name_that_is_read_aloud(panel):
    for index in range(3):
        assert child(panel, f"verdict_{index}").accessibleName() == f"Verdict on Stage {index + 1}"
        assert child(panel, f"note_{index}").accessibleName() == f"Note on Stage {index + 1}"


def wheel_down(widget):
    at = QPointF(5, 5)
    return QWheelEvent(
        at,
        QPointF(widget.mapToGlobal(QPoint(5, 5))),
        QPoint(0, -120),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )


def tab_order(window):
    """Names of what the tab key reaches, in order."""
    widget, names = window.nextInFocusChain(), []
    while widget is not window:
        if widget.objectName() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            names.append(widget.objectName())
        widget = widget.nextInFocusChain()
    return [name for name in names if not name.startswith("qt_")]


def test_a_verdict_from_elsewhere_is_shown_and_not_undone_by_leaving_the_field(panel, given, qtbot):
    panel.show_annotations(Annotations().with_verdict(Verdict(stage=0, label="tumour", at="")))
    box = child(panel, "verdict_0")
    box.setFocus()
    elsewhere = Annotations().with_verdict(Verdict(stage=0, label="tumour", at=""))

    panel.show_annotations(elsewhere.with_verdict(Verdict(stage=0, label="<b>stroma", at="")))
    panel.show_annotations(elsewhere.with_verdict(Verdict(stage=0, label="stroma", at="")))
    panel.finish()

    assert box.currentText() == "stroma"
    assert not given
    assert "Before: tumour" in child(panel, "verdict_at_0").toolTip()


def test_what_is_being_typed_stays_when_a_verdict_comes_from_elsewhere(panel, given, qtbot):
    box = child(panel, "verdict_0")
    qtbot.keyClicks(box.lineEdit(), "in situ")

    panel.show_annotations(Annotations().with_verdict(Verdict(stage=0, label="stroma", note="left", at="")))
    panel.finish()

    assert [(verdict.label, verdict.note) for verdict in given] == [("in situ", "left")]


def test_label_and_note_end_at_one_edge_until_there_is_a_date_between(panel):
    panel.resize(300, 400)
    label, note = child(panel, "verdict_0"), child(panel, "note_0")
    QApplication.processEvents()
    before = right_of(panel, label), right_of(panel, note)

    verdict = Verdict(stage=0, label="tumour", note="", at="2026-01-02T03:04:05+00:00")
    panel.show_annotations(Annotations().with_verdict(verdict))
    QApplication.processEvents()

    assert before[0] == before[1]
    when = child(panel, "verdict_at_0")
    assert right_of(panel, label) < right_of(panel, when) - when.width() < right_of(panel, note)


def right_of(panel, widget):
    return widget.mapTo(panel, QPoint(widget.width(), 0)).x()
