"""One tile at two magnifications."""

import numpy as np
import pytest
from qtpy.QtGui import QColor

from napari_msm_mil.pages.gallery.tile_view import TileView
from tests.slides import HOT, TISSUE
from tests.window.dock_user import child


@pytest.fixture
def view(qtbot):
    view = TileView()
    qtbot.addWidget(view)
    return view


def plain(rgb) -> np.ndarray:
    return np.full((160, 160, 3), rgb, np.uint8)


def colour_at(view, name, x, y) -> QColor:
    return child(view, name).pixmap().toImage().pixelColor(x, y)


def test_it_takes_no_room_without_a_tile(view):
    before = view.isHidden()
    view.show_pictures(plain(HOT), plain(TISSUE), 96.0)
    shown = not view.isHidden()
    view.clear()

    assert (before, shown, view.isHidden()) == (True, True, True)


@pytest.mark.parametrize(
    ("side_um", "captions"),
    [(96.0, ("96 µm", "384 µm")), (127.744, ("128 µm", "511 µm")), (None, ("the tile", "4 tiles wide"))],
)
def test_each_picture_says_how_wide_it_is_on_the_glass(view, side_um, captions):
    view.show_pictures(plain(HOT), plain(TISSUE), side_um)

    assert view.captions == captions


def test_the_tile_is_outlined_in_its_surroundings_and_nowhere_else(view):
    view.show_pictures(plain(HOT), plain(TISSUE), 96.0)

    near = {colour_at(view, "tile_near", at, 80).getRgb()[:3] for at in range(160)}
    lined = [at for at in range(160) if colour_at(view, "tile_far", at, 80) != QColor(*TISSUE)]
    assert near == {HOT}
    assert {min(abs(at - 60), abs(at - 100)) for at in lined} <= {0, 1, 2}  # the tile is 40 of 160 px, in the middle
    assert min(lined) <= 60
    assert max(lined) >= 100


def test_outlining_leaves_the_picture_itself_alone(view):
    far = plain(TISSUE)

    view.show_pictures(plain(HOT), far, 96.0)

    assert (far == TISSUE).all()


def test_another_tile_replaces_the_one_before(view):
    view.show_pictures(plain(HOT), plain(TISSUE), 96.0)
    view.show_pictures(plain(TISSUE), plain(HOT), None)

    assert colour_at(view, "tile_near", 80, 80) == QColor(*TISSUE)
    assert colour_at(view, "tile_far", 80, 80) == QColor(*HOT)


def test_both_pictures_have_names_for_a_screen_reader(view):
    assert child(view, "tile_near").accessibleName() == "The tile"
    assert child(view, "tile_far").accessibleName() == "The tile and its surroundings"
