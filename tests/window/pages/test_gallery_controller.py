"""The gallery over layers without a window: what is read, and when."""

from pathlib import Path

import pytest
from napari.layers import Layer, Vectors

from msm_mil_core.slides.slide import open_slide
from napari_msm_mil.layers.layer_data import slide_layer
from napari_msm_mil.pages.gallery.controller import GalleryController
from napari_msm_mil.pages.gallery.panel import GalleryPanel
from napari_msm_mil.pages.gallery.tile_view import TileView
from tests.slides import a_drawn_slide
from tests.window.dock_user import RUN_MS, a_result_of, child, choose, settle


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return a_drawn_slide(tmp_path_factory.mktemp("slides") / "drawn.tiff")


@pytest.fixture
def panel(qtbot):
    panel = GalleryPanel()
    qtbot.addWidget(panel)
    return panel


@pytest.fixture
def tile_view(qtbot):
    tile_view = TileView()
    qtbot.addWidget(tile_view)
    return tile_view


@pytest.fixture
def gallery(layers, panel, tile_view):
    gallery = GalleryController(layers, panel, tile_view)
    yield gallery
    gallery.stop()
    settle()


@pytest.fixture
def result(viewer, layers, drawn):
    """A result that is shown over its slide."""
    result = a_result_of(drawn)
    viewer.add_layer(Layer.create(*slide_layer(open_slide(drawn.path))))
    layers.show(result, None)
    return result


def shown_stage(panel):
    return child(panel, "gallery_stage").currentText() if panel.captions else ""


def test_pictures_are_read_only_while_the_page_is_in_front(gallery, panel, result, qtbot):
    gallery.show_result(result)
    behind = panel.message

    gallery.set_in_front(True)

    assert behind == ""
    qtbot.waitUntil(lambda: bool(panel.captions), timeout=RUN_MS)


def test_of_stages_chosen_in_a_row_the_last_one_is_shown(gallery, panel, result, qtbot):
    gallery.show_result(result)
    gallery.set_in_front(True)

    choose(panel, "gallery_stage", 1)
    choose(panel, "gallery_stage", 2)
    qtbot.waitUntil(lambda: shown_stage(panel) == "Stage 3", timeout=RUN_MS)
    settle()

    assert shown_stage(panel) == "Stage 3"


def test_a_tile_is_outlined_and_its_pictures_are_read_until_none_is_chosen(gallery, viewer, tile_view, result, qtbot):
    gallery.show_result(result)

    gallery.show_tile(7)
    qtbot.waitUntil(lambda: not tile_view.isHidden(), timeout=RUN_MS)
    outlines = [layer for layer in viewer.layers if isinstance(layer, Vectors) and "Chosen tile" in layer.name]
    gallery.show_tile(3)
    gallery.show_tile(None)
    settle()

    assert len(outlines) == 1
    assert tile_view.isHidden()
    assert not any("Chosen tile" in layer.name for layer in viewer.layers)


def test_without_its_slide_a_result_has_no_pictures_until_it_is_open(gallery, viewer, panel, result, qtbot):
    viewer.layers.remove("drawn")
    gallery.set_in_front(True)
    gallery.show_result(result)
    missing = panel.message

    viewer.add_layer(Layer.create(*slide_layer(open_slide(Path(result.slide.path)))))
    gallery.reload()

    assert "is not open" in missing
    qtbot.waitUntil(lambda: bool(panel.captions), timeout=RUN_MS)
