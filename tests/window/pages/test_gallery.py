"""The gallery page: pictures that request a tile, and messages where there are none."""

import numpy as np
import pytest
from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QColor

from msm_mil_core.display.stage_style import stage_colour
from msm_mil_core.explain.selections.gallery import Gallery, GalleryTile
from msm_mil_core.explain.selections.top_tiles import Pick
from napari_msm_mil.pages.gallery.panel import GalleryPanel
from tests.results import a_prediction, a_result
from tests.window.dock_user import child

GREEN = (20, 160, 60)
PICKS = (
    Pick(tile=21, place=1, attention=0.25, also=(), folded=(22, 20)),
    Pick(tile=3, place=4, attention=0.125, also=(0, 2)),
    Pick(tile=17, place=5, attention=0.0625, also=(2,)),
)


@pytest.fixture
def view(qtbot):
    view = GalleryPanel()
    qtbot.addWidget(view)
    view.show_result(a_result(prediction=a_prediction(30, S=3)))
    view.resize(420, 600)
    view.show()
    return view


@pytest.fixture
def pictures(view, qtbot):
    """The pictures of a view that shows the gallery of stage 2."""
    with qtbot.waitExposed(view):
        view.show_gallery(a_gallery())
    return child(view, "gallery")


@pytest.fixture
def requested(view):
    """The tiles to which the camera is to move, in order."""
    emitted = []
    view.tile_requested.connect(emitted.append)
    return emitted


def a_gallery(picks=PICKS, stage=1) -> Gallery:
    picture = np.full((96, 96, 3), GREEN, np.uint8)
    return Gallery(stage, tuple(GalleryTile(pick, picture) for pick in picks))


def click(qtbot, pictures, row):
    place = pictures.visualItemRect(pictures.item(row)).center()
    qtbot.mouseClick(pictures.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_captions_give_the_place_what_is_folded_and_which_stages_found_it_too(view, pictures):
    assert view.captions == ("1 · +2\nonly here", "4\nalso stage 1, 3", "5\nalso stage 3")


def test_a_click_goes_there_once_and_another_click_once_more(pictures, requested, qtbot):
    click(qtbot, pictures, 1)
    after_one = list(requested)
    click(qtbot, pictures, 1)
    click(qtbot, pictures, 0)

    assert after_one == [3]
    assert requested == [3, 3, 21]


def test_arrows_step_through_and_return_goes_there_again(pictures, requested, qtbot):
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Return, Qt.Key.Key_Left, Qt.Key.Key_Enter):
        qtbot.keyClick(pictures, key)

    assert requested == [21, 3, 3, 21, 21]


def test_return_before_anything_was_chosen_goes_nowhere(pictures, requested, qtbot):
    qtbot.keyClick(pictures, Qt.Key.Key_Return)

    assert requested == []


def test_steps_stop_at_the_ends(view, pictures, requested):
    for by in (1, 1, 1, 1, -1, -1, -1):
        view.step(by)

    assert requested == [21, 3, 17, 3, 21]


def test_steps_through_no_pictures_go_nowhere(view, requested):
    for by in (1, -1):
        view.step(by)

    assert requested == []


def test_showing_and_clearing_pictures_goes_nowhere(view, pictures, requested):
    view.show_gallery(a_gallery(stage=2))
    view.show_loading()
    view.show_result(None)

    assert requested == []


def test_the_stage_is_requested_by_the_user_and_follows_what_is_shown(view, qtbot):
    stages = child(view, "gallery_stage")
    emitted = []
    view.stage_requested.connect(emitted.append)

    view.show_gallery(a_gallery(stage=1))
    shown = stages.currentText()
    qtbot.keyClick(stages, Qt.Key.Key_Down)

    assert shown == "Stage 2"
    assert emitted == [2]


def test_another_result_brings_its_own_stages_and_none_of_the_pictures(view, pictures):
    view.show_result(a_result(prediction=a_prediction(30, S=2)))
    of_two = child(view, "gallery_stage").count()
    view.show_result(None)

    assert (of_two, child(view, "gallery_stage").count()) == (2, 0)
    assert pictures.count() == 0


def test_while_pictures_are_read_the_old_ones_are_gone(view, pictures):
    view.show_loading()

    assert view.message == "Reading tiles…"
    assert not pictures.isVisible()


def test_where_the_slide_is_gone_it_can_be_searched_for(view, pictures, qtbot):
    view.show_problem("The slide file is not there.")
    find = child(view, "find_slide")

    with qtbot.waitSignal(view.find_slide_requested):
        qtbot.mouseClick(find, Qt.MouseButton.LeftButton)

    assert view.message == "The slide file is not there."
    assert not pictures.isVisible()
    view.show_gallery(a_gallery())
    assert (view.message, find.isVisible(), pictures.isVisible()) == ("", False, True)


def test_a_stage_without_a_tile_is_explained_not_shown_empty(view, pictures):
    view.show_gallery(a_gallery(picks=(), stage=2))

    assert view.message == "Stage 3 could see no tile."
    assert not pictures.isVisible()
    assert not child(view, "find_slide").isVisible()


def test_each_picture_has_a_name_for_a_screen_reader_and_a_hint(view, pictures):
    item = pictures.item(0)

    hint = "Tile 21, place 1, attention 0.25, only here; with 2 more that touch or resemble it"
    assert item.toolTip() == hint
    assert item.data(Qt.ItemDataRole.AccessibleTextRole) == f"Stage 2, {hint}"
    assert pictures.accessibleName()
    assert child(view, "gallery_stage").accessibleName()


def test_a_picture_keeps_its_colours_in_a_frame_of_the_stages(pictures):
    size = QSize(102, 102)
    image = pictures.item(0).icon().pixmap(size).toImage()

    assert image.size() == size
    assert image.pixelColor(51, 51) == QColor(*GREEN)
    assert image.pixelColor(1, 51) == QColor(stage_colour(1))


@pytest.mark.parametrize("width", [180, 300, 620])
def test_pictures_wrap_so_that_none_is_cut_off(view, pictures, width, qtbot):
    view.resize(width, 900)
    view.show_gallery(a_gallery(PICKS * 3))

    def all_in_sight():
        seen = pictures.viewport().rect()
        return all(seen.contains(pictures.visualItemRect(pictures.item(row))) for row in range(9))

    qtbot.waitUntil(all_in_sight)
