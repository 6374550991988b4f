"""The window on a laptop's screen: the slide keeps its half, the dock its width, and every page can be used."""

import re
from dataclasses import replace

import pytest
from qtpy.QtCore import QPoint, QThreadPool
from qtpy.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QPushButton,
    QScrollArea,
    QTabBar,
    QWidget,
)

from msm_mil_core.errors import MsmMilError
from napari_msm_mil.dock.result_panel import ResultPanel
from napari_msm_mil.dock.run_widget import RunWidget
from napari_msm_mil.dock.setup_fold import CHANGE, SetupFold
from napari_msm_mil.run.run_bar import RunBar
from napari_msm_mil.run.setup_form import SetupForm
from napari_msm_mil.widgets.tabs import Tabs
from napari_msm_mil.widgets.wrapped_label import WrappedText
from tests.results import a_result, slide_facts
from tests.window.dock_user import (
    RUN_MS,
    a_result_of,
    child,
    dock_in,
    export_dialog,
    keep_apart,
    open_dock,
    open_page,
    settle,
    show_slide,
)

LAPTOP = 1280, 720
SLIDE_SHARE = 0.42
"""Of the width: napari's own controls take 28 % of it."""
TALL = 0.85
PAGE_PX = {3: 225, 1: 180, 8: 180}
"""Least height of a page that is seen without scrolling, by stages; one and eight with four classes of long names."""
PAGES = ("Stages", "Gallery", "Compare", "Ask", "Check", "Verdict")
JARGON = re.compile(r"Eff\.|corr\.|\bk\b|^Origin$|^checkpoint$|^auto$|entropy|[a-z]_[a-z]|Winner")
"""Abbreviations, symbols and names of options that stood in the window."""
LONG = tuple(f"{name} of the upper lobe with a name of sixty letters".ljust(60, "x") for name in ("A", "B", "C", "D"))


@pytest.fixture
def laptop(make_napari_viewer, monkeypatch, tmp_path):
    """A napari window of 1280 x 720 pixels."""
    keep_apart(monkeypatch, tmp_path)
    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(*LAPTOP)
    work()
    yield viewer
    assert QThreadPool.globalInstance().waitForDone(RUN_MS)


def a_long_result(drawn, stages):
    result = a_result_of(drawn, S=stages, C=4)
    return replace(result, prediction=replace(result.prediction, classes=LONG))


def work():
    settle()  # what is found out in threads is laid out as well
    for _ in range(4):  # what is laid out may ask to be laid out again
        QApplication.processEvents()


def turn_to(dock, page):
    open_page(dock, page)
    work()


def columns(dock):
    return [area for area in dock.findChildren(QScrollArea) if area.isVisible()]


def seen_px(dock):
    """How much of the page in front is seen without scrolling."""
    viewport, bar = columns(dock)[0].viewport(), dock.findChild(QTabBar)
    return viewport.height() - bar.mapTo(viewport, QPoint(0, bar.height())).y()


def cut_off(dock):
    """What is seen, should fit, and does not."""
    labels = [label for label in dock.findChildren(QLabel) if not label.wordWrap()]
    buttons = [*dock.findChildren(QPushButton), *dock.findChildren(QCheckBox)]
    meant_to_fit = [
        each for each in (*labels, *buttons) if each.minimumWidth() != 1 and each.isVisible() and each.text()
    ]
    return [each.text() for each in meant_to_fit if each.width() < min(each.sizeHint().width(), each.maximumWidth())]


def too_wide(dock):
    return [area for area in columns(dock) if area.widget().width() > area.viewport().width()]


def test_on_a_laptop_the_slide_keeps_its_share_and_every_page_can_be_used(laptop, drawn):
    show_slide(laptop, drawn)
    dock, widths = dock_in(laptop), set()
    work()
    narrow = dock.width()

    for stages in (3, 1, 8):
        dock.show_result(a_result_of(drawn) if stages == 3 else a_long_result(drawn, stages))
        for page in PAGES if stages == 3 else ("Stages", "Compare", "Verdict"):
            turn_to(dock, page)
            widths.add(dock.width())
            tabs = dock.findChild(Tabs)
            whole_px = tabs.height() - tabs.findChild(QTabBar).height()
            assert seen_px(dock) >= min(PAGE_PX[stages], whole_px), (stages, page)
            assert not cut_off(dock), (stages, page)
            assert not too_wide(dock), (stages, page)

    canvas, bar = laptop.window._qt_viewer.canvas.native, dock.findChild(QTabBar)
    assert (canvas.width() / LAPTOP[0], canvas.height() / LAPTOP[1]) > (SLIDE_SHARE, TALL)
    assert widths == {narrow}
    assert bar.tabRect(bar.count() - 1).right() <= bar.width()
    dock.stop()


@pytest.mark.parametrize("stages", [3, 8])
def test_what_a_comparison_found_is_no_wider_than_the_dock(laptop, drawn, qtbot, stages):
    show_slide(laptop, drawn)
    dock = dock_in(laptop)
    dock.show_result(a_result_of(drawn, S=stages))

    turn_to(dock, "Compare")
    qtbot.waitUntil(lambda: bool(dock.findChild(QLabel, "findings").text()))
    work()

    assert not too_wide(dock)
    assert not cut_off(dock)
    dock.stop()


def on_screen(widget):
    at = widget.mapTo(widget.window(), QPoint(0, 0))
    screen = QApplication.primaryScreen().grabWindow(int(widget.window().winId()))
    return screen.copy(at.x(), at.y(), widget.width(), widget.height()).toImage()


def test_nothing_of_a_locked_tile_is_left_on_the_screen(laptop, drawn, qtbot):
    show_slide(laptop, drawn)
    dock = dock_in(laptop)
    dock.show_result(a_result_of(drawn))
    turn_to(dock, "Gallery")
    tiles = child(dock, "gallery")
    qtbot.waitUntil(lambda: tiles.count() > 0)
    pinned = dock.findChild(ResultPanel).pinned

    for _ in range(2):
        tiles.setCurrentRow(1)
        settle()
        work()
        tiles.setCurrentRow(-1)
        child(dock, "unlock_tile").click()
        settle()
        qtbot.wait(50)  # the screen follows
        seen = on_screen(pinned)
        assert seen == pinned.grab().toImage().convertToFormat(seen.format())
    dock.stop()


@pytest.fixture
def dock(qtbot, viewer, monkeypatch, tmp_path):
    with open_dock(qtbot, viewer, monkeypatch, tmp_path) as dock:
        yield dock


def test_the_window_speaks_plainly_and_has_one_advanced_section(dock, viewer, drawn):
    show_slide(viewer, drawn)
    child(dock, "advanced").click()
    dock.show_result(a_result_of(drawn))
    dialog = export_dialog(dock)

    labels, buttons = dock.findChildren(QLabel), dock.findChildren(QAbstractButton)
    chosen = [box.itemText(at) for box in dock.findChildren(QComboBox) for at in range(box.count())]
    plain = [each for each in (*labels, *buttons) if each.objectName() != "model_card_full"]  # the model's own record
    texts = [*(each.text() for each in plain), *chosen]
    dialog.close()

    assert [text for text in texts if JARGON.search(text)] == []
    assert sum("Advanced" in text for text in texts) == 1
    assert "logit" not in " ".join(texts)  # where it must be said, it is explained


def camera_of(viewer):
    return (*viewer.scene.camera.center, viewer.scene.camera.zoom)


def test_the_first_result_of_a_slide_comes_into_view_and_nothing_moves_the_camera_afterwards(dock, viewer, drawn):
    show_slide(viewer, drawn)
    whole = camera_of(viewer)
    viewer.scene.camera.center, viewer.scene.camera.zoom = (0, 10.0, 20.0), 3.0
    dock.show_result(a_result_of(drawn))
    arrived = camera_of(viewer)
    viewer.scene.camera.center, viewer.scene.camera.zoom = (0, 300.0, 400.0), 7.0
    mine = camera_of(viewer)

    for page in PAGES:
        turn_to(dock, page)
    for name in ("show_1", "solo_2", "solo_2", "evidence_visible", "evidence_visible", "shared", "claimed_visible"):
        child(dock, name).click()
    for name in ("map_winner", "map_difference", "blink", "blink", "side_by_side", "side_by_side", "change_setup"):
        child(dock, name).click()
    settle()
    dock.show_result(a_result_of(drawn, seed=1))

    assert arrived == whole
    assert camera_of(viewer) == mine


def test_with_a_result_the_setup_is_one_line_that_opens_it_again(dock, viewer, drawn):
    show_slide(viewer, drawn)
    setup, line, run = dock.findChild(SetupForm), child(dock, "change_setup"), child(dock, "run")
    before = setup.isVisibleTo(dock), line.isVisibleTo(dock)

    dock.show_result(a_result_of(drawn))
    folded = setup.isVisibleTo(dock), line.isVisibleTo(dock), run.isVisibleTo(dock)
    says = line.accessibleName()
    line.click()
    opened = setup.isVisibleTo(dock), run.isVisibleTo(dock)
    line.click()

    assert before == (True, False)
    assert folded == (False, True, False)
    assert says == "drawn model on drawn, whole slide · Change…"
    assert opened == (True, True)
    assert not setup.isVisibleTo(dock)


def test_a_dock_that_is_opened_after_a_result_has_its_setup_folded(dock, viewer, drawn, qtbot):
    show_slide(viewer, drawn)
    dock.show_result(a_result_of(drawn))

    later = RunWidget(viewer)
    qtbot.addWidget(later)

    assert child(later, "change_setup").isVisibleTo(later)
    assert not later.findChild(SetupForm).isVisibleTo(later)
    later.stop()


def test_progress_cancel_and_messages_are_never_folded_away(qtbot):
    bar = RunBar()
    fold = SetupFold(QWidget(), bar)
    qtbot.addWidget(fold)
    fold.show_result(a_result())

    bar.show_running("lung-mosaics on CMU-1")
    running = [child(bar, name).isVisibleTo(fold) for name in ("run", "progress", "pace")]
    bar.show_idle()
    bar.show_message("The disk is full.")

    assert running == [True, True, True]
    assert not child(bar, "run").isVisibleTo(fold)
    assert child(bar, "message").isVisibleTo(fold)


@pytest.mark.parametrize("width_px", [200, 340, 1000])
def test_a_long_name_is_cut_and_what_a_click_does_is_not(qtbot, width_px):
    result = a_result(slide=replace(slide_facts(), name=f"{'A&B ' * 40}.svs"))
    fold = SetupFold(QWidget(), RunBar())
    qtbot.addWidget(fold)
    fold.resize(width_px, 60)
    fold.show_result(result)
    line = child(fold, "change_setup")

    shown = line.text()

    assert shown.endswith(f"· {CHANGE}")
    assert line.fontMetrics().horizontalAdvance(shown.replace("&&", "&")) <= width_px
    assert result.slide.name.removesuffix(".svs") in line.toolTip()


def test_a_text_after_a_longer_one_stands_in_no_empty_field(qtbot):
    label = WrappedText("text")
    qtbot.addWidget(label)
    label.resize(200, 20)
    label.setText("short")
    low = label.height()

    label.setText("long " * 60)
    high = label.height()
    label.setText("short")

    assert low == label.height() < high


def test_a_text_that_gets_more_width_stands_in_no_empty_field(qtbot):
    label, fresh = WrappedText("text"), WrappedText("text")
    for each in (label, fresh):
        qtbot.addWidget(each)
        each.setText("Where each stage looked, and what that adds to the answer. " * 5)
        each.show()

    for width_px in (160, 500):
        label.resize(width_px, 20)
    fresh.resize(500, 20)

    assert label.height() == fresh.height()


def test_what_a_run_still_needs_stands_below_the_button(dock, viewer, drawn):
    empty = child(dock, "missing").isVisibleTo(dock), child(dock, "missing").text()

    show_slide(viewer, drawn)

    assert empty == (True, "Open a slide first: drop its file on the window, or File > Open.")
    assert not child(dock, "missing").isVisibleTo(dock)


def test_an_error_is_forgotten_once_something_else_is_chosen(dock, viewer, drawn):
    show_slide(viewer, drawn)
    bar = dock.findChild(RunBar)
    bar.show_error(MsmMilError("The disk is full."))
    before = bar.message

    child(dock, "region").setCurrentIndex(0)
    child(dock, "device").setCurrentIndex(1)
    after = bar.message
    bar.show_message("Done.")
    child(dock, "device").setCurrentIndex(0)

    assert (before, after) == ("The disk is full.", "")
    assert bar.message == "Done."
