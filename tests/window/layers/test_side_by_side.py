"""Stages side by side: what each cell shows, and that everything is restored as it was."""

import numpy as np
import pytest

from msm_mil_core.results.result_file import save_result
from napari_msm_mil.layers.display_writer import read_display
from napari_msm_mil.layers.saved_view import view_of
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from tests.window.dock_user import FIRST_STAGE, RUN_MS, a_result_of, child, dock_in, open_docks, show_slide


@pytest.fixture
def a_dock(qtbot, viewer, monkeypatch, tmp_path):
    """Open docks beside a viewer without a window."""
    with open_docks(qtbot, viewer, monkeypatch, tmp_path) as another:
        yield another


@pytest.fixture
def dock(viewer, drawn, a_dock):
    show_slide(viewer, drawn)
    return a_dock()


@pytest.fixture
def result(layers, dock, drawn):
    result = a_result_of(drawn, masks=True)
    layers.show(result, None, FIRST_STAGE)
    return result


@pytest.fixture
def window(napari_viewer, drawn):
    """A napari window with the dock and a result, as (viewer, dock, result)."""
    result = a_result_of(drawn, masks=True)
    show_slide(napari_viewer, drawn)
    dock, layers = dock_in(napari_viewer), ViewerLayers(napari_viewer)
    layers.show(result, None, FIRST_STAGE)
    layers.stop()
    return napari_viewer, dock, result


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


def visible(layers, result):
    return [layer.visible for layer in layers.stages(result)]


def saved_view(layers, result):
    return view_of(read_display(layers.of(result)))


def test_each_stage_has_a_cell_with_the_slide_below_and_its_name(window):
    viewer, dock, _ = window

    press(dock)

    assert len(cells(viewer)) == 3
    for index, (slide, heatmap, claimed) in enumerate(cells(viewer)):
        assert slide.name == f"Stage {index + 1}"
        assert slide.name_overlay.visible
        assert not heatmap.name_overlay.visible
        pairs = zip(slide.data, viewer.layers["drawn"].data, strict=True)
        assert all(level is own for level, own in pairs)  # nothing is read or stored twice
        assert heatmap.metadata["stage"] == index
        assert len(claimed.data) > 0
    assert child(dock, "side_by_side").isChecked()


def test_a_slide_that_was_moved_and_turned_lies_under_its_maps_in_every_cell(viewer, dock, layers, drawn):
    viewer.layers["drawn"].translate, viewer.layers["drawn"].rotate = (300, -200), 30
    result = a_result_of(drawn, masks=True)
    layers.show(result, None, FIRST_STAGE)

    press(dock)

    left, top = result.tiles.xy_px0.min(axis=0)
    first_centre = np.array([top, left]) + result.tiles.side_px0 / 2 - 0.5
    assert len(cells(viewer)) == 3
    for slide, heatmap, _ in cells(viewer):
        np.testing.assert_allclose(heatmap.data_to_world((0, 0)), slide.data_to_world(first_centre), atol=1e-6)


def test_everything_is_restored_as_it_was(window):
    viewer, dock, _ = window
    viewer.add_shapes(name="mine")
    child(dock, "show_1").click()
    viewer.layers.move(0, 2)
    viewer.layers.selection = {viewer.layers["mine"], viewer.layers["drawn"]}
    viewer.scene.camera.center, viewer.scene.camera.zoom = (0, 300, 400), 1.7
    viewer.canvas.grid.stride = 2
    viewer.layers["mine"].name_overlay.visible = True
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


def test_a_stage_that_was_alone_is_alone_again(viewer, dock, layers, result):
    child(dock, "solo_1").click()
    before = the_view(viewer)

    press(dock)
    press(dock)

    assert the_view(viewer) == before
    child(dock, "solo_1").click()
    assert visible(layers, result) == [True, False, False]


@pytest.mark.usefixtures("result")
def test_copies_of_the_slide_are_neither_offered_nor_results(viewer, dock, layers):
    before = layers.results()

    press(dock)

    assert [layer.name for layer in layers.slides.all()] == ["drawn"]
    assert layers.results() == before
    assert not [
        layer for layer in viewer.layers if layer.name == "Stage 1" and layer.metadata.keys() & {"slide", "result"}
    ]


def test_the_view_is_that_before(dock, layers, result):
    before = saved_view(layers, result)

    press(dock)

    assert saved_view(layers, result) == before


def test_without_its_slide_the_maps_stand_side_by_side_alone(viewer, dock, layers, result):
    viewer.layers.remove("drawn")
    child(dock, "claimed_visible").click()

    press(dock)

    assert [[layer.metadata["stage"] for layer in cell] for cell in cells(viewer)] == [[0], [1], [2]]
    assert all(layer.name_overlay.visible for layer in layers.stages(result))
    press(dock)
    assert not any(layer.name_overlay.visible for layer in layers.stages(result))


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
def test_the_grid_button_of_napari_ends_it_too(viewer, dock, qtbot):
    before = the_view(viewer)
    press(dock)

    viewer.canvas.grid.enabled = False
    qtbot.waitUntil(lambda: not child(dock, "side_by_side").isChecked())

    assert the_view(viewer) == before


def test_a_result_opened_meanwhile_is_visible_and_the_earlier_one_is_hidden(
    dock, layers, result, drawn, qtbot, tmp_path
):
    save_result(a_result_of(drawn, seed=1), tmp_path / "other.msm.h5")
    press(dock)

    dock.open_result(tmp_path / "other.msm.h5")
    qtbot.waitUntil(lambda: len(layers.results()) == 2 and len(layers.stages(layers.results()[1])) == 3, timeout=RUN_MS)

    assert not child(dock, "side_by_side").isChecked()
    assert visible(layers, result) == [False, False, False]
    assert visible(layers, layers.results()[1]) == [True, True, True]


def test_an_earlier_result_that_was_shown_too_is_hidden_meanwhile_only(dock, layers, result, drawn):
    layers.show(a_result_of(drawn, seed=1), None)
    layers.stages(result)[2].visible = True

    press(dock)
    meanwhile = visible(layers, result)
    press(dock)

    assert meanwhile == [False, False, False]
    assert visible(layers, result) == [False, False, True]


def test_another_map_that_is_shown_meanwhile_covers_the_stages(dock, layers, result):
    before = saved_view(layers, result)
    press(dock)

    child(dock, "evidence_visible").click()

    assert not child(dock, "side_by_side").isChecked()
    assert layers.layer_by_key(result, "evidence").visible
    assert visible(layers, result) == [False, False, False]
    assert saved_view(layers, result) == before


def test_a_map_that_covered_the_stages_covers_them_again(viewer, dock, layers, result):
    child(dock, "evidence_visible").click()
    before = the_view(viewer)

    press(dock)
    meanwhile = visible(layers, result), layers.layer_by_key(result, "evidence").visible
    press(dock)

    assert meanwhile == ([True, True, True], False)
    assert the_view(viewer) == before


@pytest.mark.usefixtures("result")
@pytest.mark.parametrize("name", ["solo_1", "blink", "claimed_visible"])
def test_what_needs_one_canvas_ends_it(viewer, dock, name):
    press(dock)

    child(dock, name).click()

    assert not viewer.canvas.grid.enabled
    assert not child(dock, "side_by_side").isChecked()
    assert not [layer for layer in viewer.layers if layer.name == "Stage 1"]


def test_closing_the_dock_restores_the_window(window):
    viewer, dock, _ = window
    before = the_view(viewer)
    press(dock)

    viewer.window.remove_dock_widget(dock)

    assert the_view(viewer) == before


def test_closing_the_window_meanwhile_harms_nothing(window):
    viewer, dock, _ = window
    press(dock)

    viewer.close()


@pytest.mark.usefixtures("result")
def test_of_two_docks_one_divides_the_canvas(viewer, dock, a_dock):
    other = a_dock()
    before = the_view(viewer)
    press(dock)
    divided = the_view(viewer)

    press(other)
    still = the_view(viewer)
    press(dock)

    assert still == divided
    assert the_view(viewer) == before
