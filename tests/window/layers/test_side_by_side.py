"""Stages side by side in a real napari window: what each cell shows, and that all comes back as it was."""

import numpy as np
import pytest
from napari.layers import Layer

from msm_mil_core.display.tile_map import winner_map
from msm_mil_core.slides.slide import open_slide
from napari_msm_mil.layers.layer_data import slide_layer
from napari_msm_mil.layers.tile_map_layers import map_layer
from tests.slides import a_drawn_slide
from tests.window.dock_user import a_result_of, child, dock_in, keep_apart


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return a_drawn_slide(tmp_path_factory.mktemp("slides") / "drawn.tiff")


@pytest.fixture
def viewer(make_napari_viewer_proxy, monkeypatch, tmp_path, file):
    keep_apart(monkeypatch, tmp_path)
    viewer = make_napari_viewer_proxy()
    viewer.add_layer(Layer.create(*slide_layer(open_slide(file.path))))
    return viewer


@pytest.fixture
def dock(viewer):
    return dock_in(viewer)


@pytest.fixture
def result(dock, file):
    result = a_result_of(file, masks=True)
    dock._layers.show(result, None)
    return result


def press(dock):
    child(dock, "side_by_side").click()


def cells(viewer):
    """Return what each cell shows, bottom first."""
    boxes = viewer.canvas.grid.iter_viewboxes(list(viewer.layers))
    seen = ([viewer.layers[at] for at in indices if viewer.layers[at].visible] for _, indices in boxes)
    return [cell for cell in seen if cell]


def the_view(viewer):
    """Return all that the user sees and has chosen."""
    camera = viewer.scene.camera
    return (
        [(layer.name, layer.visible, layer.opacity, layer.name_overlay.visible) for layer in viewer.layers],
        {layer.name for layer in viewer.layers.selection},
        (tuple(camera.center), camera.zoom),
        viewer.canvas.grid.model_dump(),
    )


def test_each_stage_has_a_cell_with_the_slide_below_and_its_name(viewer, dock, result):
    press(dock)

    assert len(cells(viewer)) == 3
    for index, (slide, heatmap, claimed) in enumerate(cells(viewer)):
        assert slide.name == f"Stage {index + 1}"
        assert slide.name_overlay.visible
        pairs = zip(slide.data, viewer.layers["drawn"].data, strict=True)
        assert all(level is own for level, own in pairs)  # nothing is read or kept twice
        assert heatmap.metadata["stage"] == index
        assert len(claimed.data) > 0
    assert child(dock, "side_by_side").isChecked()


def test_a_slide_that_was_moved_and_turned_lies_under_its_maps_in_every_cell(viewer, dock, file):
    viewer.layers["drawn"].translate, viewer.layers["drawn"].rotate = (300, -200), 30
    result = a_result_of(file, masks=True)
    dock._layers.show(result, None)

    press(dock)

    left, top = result.tiles.xy_px0.min(axis=0)
    first_centre = np.array([top, left]) + result.tiles.side_px0 / 2 - 0.5
    for slide, heatmap, _ in cells(viewer):
        np.testing.assert_allclose(heatmap.data_to_world((0, 0)), slide.data_to_world(first_centre), atol=1e-6)


@pytest.mark.usefixtures("result")
def test_everything_comes_back_as_it_was(viewer, dock):
    viewer.add_shapes(name="mine")
    child(dock, "show_1").click()
    viewer.layers.move(0, 2)
    viewer.layers.selection = {viewer.layers["mine"], viewer.layers["drawn"]}
    viewer.scene.camera.center, viewer.scene.camera.zoom = (0, 300, 400), 1.7
    viewer.canvas.grid.stride = 2
    before = the_view(viewer)

    press(dock)
    between = the_view(viewer)
    press(dock)

    assert between != before
    assert the_view(viewer) == before


@pytest.mark.usefixtures("result")
def test_the_place_under_the_microscope_stays_in_sight(viewer, dock):
    viewer.scene.camera.center, viewer.scene.camera.zoom = (0, 300, 400), 50.0

    press(dock)

    assert tuple(viewer.scene.camera.center) == (0, 300, 400)
    assert viewer.scene.camera.zoom == 50.0 / max(viewer.canvas.grid.shape)


def test_a_stage_that_was_alone_is_alone_again(viewer, dock, result):
    child(dock, "solo_1").click()
    before = the_view(viewer)

    press(dock)
    press(dock)

    assert the_view(viewer) == before
    child(dock, "solo_1").click()
    assert [look.visible for look in dock._stage_view.stages.looks(result)] == [True, False, False]


@pytest.mark.usefixtures("result")
def test_copies_of_the_slide_are_neither_offered_nor_results(viewer, dock):
    before = len(dock._layers.results())

    press(dock)

    assert [layer.name for layer in dock._layers.slides()] == ["drawn"]
    assert len(dock._layers.results()) == before
    assert not [
        layer for layer in viewer.layers if layer.name == "Stage 1" and layer.metadata.keys() & {"slide", "result"}
    ]


def test_how_a_result_is_looked_at_is_what_was_before(dock, result):
    before = dock._stage_view.stages.view(result)

    press(dock)

    assert dock._stage_view.stages.view(result) == before


def test_without_its_slide_the_maps_stand_side_by_side_alone(viewer, dock, result):
    viewer.layers.remove("drawn")
    child(dock, "claimed_visible").click()

    press(dock)

    assert [[layer.metadata["stage"] for layer in cell] for cell in cells(viewer)] == [[0], [1], [2]]
    assert all(layer.name_overlay.visible for layer in dock._layers.stages(result))


@pytest.mark.usefixtures("result")
@pytest.mark.parametrize("name", ["Stage 2", "drawn", "rank"])
def test_a_layer_that_the_user_removes_ends_it_and_nothing_else_is_lost(viewer, dock, qtbot, name):
    before = [layer.name for layer in viewer.layers]
    press(dock)
    gone = next(layer for layer in viewer.layers if name == layer.name or name in layer.name)

    viewer.layers.remove(gone)
    qtbot.waitUntil(lambda: not viewer.canvas.grid.enabled)

    assert [layer.name for layer in viewer.layers] == [each for each in before if each != gone.name]
    assert not child(dock, "side_by_side").isChecked()


@pytest.mark.usefixtures("result")
def test_a_layer_that_the_user_adds_ends_it_and_stays(viewer, dock, qtbot):
    before = [layer.name for layer in viewer.layers]
    press(dock)

    viewer.add_points(name="mine")
    qtbot.waitUntil(lambda: not viewer.canvas.grid.enabled)

    assert [layer.name for layer in viewer.layers] == [*before, "mine"]


@pytest.mark.usefixtures("result")
def test_napari_s_own_grid_button_ends_it_too(viewer, dock, qtbot):
    before = the_view(viewer)
    press(dock)

    viewer.canvas.grid.enabled = False
    qtbot.waitUntil(lambda: not child(dock, "side_by_side").isChecked())

    assert the_view(viewer) == before


def test_a_result_that_arrives_meanwhile_is_seen_and_the_earlier_one_is_hidden(dock, result, file):
    press(dock)

    other = a_result_of(file, seed=1)
    dock._layers.show(other, None)

    assert not child(dock, "side_by_side").isChecked()
    assert not any(look.visible for look in dock._stage_view.stages.looks(result))
    assert [look.visible for look in dock._stage_view.stages.looks(other)] == [True, False, False]


def test_another_map_that_is_put_meanwhile_veils_the_stages(dock, result):
    before = dock._stage_view.stages.view(result)
    press(dock)

    dock._layers.show_map(result, "winner", map_layer(result, winner_map(result.prediction)))

    assert not any(look.visible for look in dock._stage_view.stages.looks(result))
    assert dock._stage_view.stages.view(result) == before


@pytest.mark.usefixtures("result")
@pytest.mark.parametrize("name", ["solo_1", "blink", "claimed_visible"])
def test_what_needs_one_canvas_ends_it(viewer, dock, name):
    press(dock)

    child(dock, name).click()

    assert not viewer.canvas.grid.enabled
    assert not child(dock, "side_by_side").isChecked()


@pytest.mark.usefixtures("result")
def test_closing_the_dock_puts_the_window_together_again(viewer, dock):
    before = the_view(viewer)
    press(dock)

    viewer.window.remove_dock_widget(dock)

    assert the_view(viewer) == before


@pytest.mark.usefixtures("result")
def test_closing_the_window_meanwhile_harms_nothing(viewer, dock):
    press(dock)

    viewer.close()


@pytest.mark.usefixtures("result")
def test_of_two_docks_one_takes_the_window_apart(viewer, dock):
    other = dock_in(viewer)
    before = the_view(viewer)
    press(dock)
    apart = the_view(viewer)

    press(other)
    still = the_view(viewer)
    press(dock)

    assert still == apart
    assert the_view(viewer) == before
