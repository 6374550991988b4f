"""Where slides and heatmaps lie in a viewer, without a window."""

import numpy as np
import pytest
from napari.layers import Layer, Shapes

from msm_mil_core.display.tile_map import winner_map
from napari_msm_mil.layers.layer_data import stage_layers
from napari_msm_mil.layers.tile_map_layers import map_layer
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from tests.slides import a_drawn_slide
from tests.window.dock_user import a_result_of, show_slide


@pytest.fixture
def slide(viewer, drawn):
    return show_slide(viewer, drawn)


@pytest.fixture
def result(layers, slide, drawn):
    return a_result_of(drawn)


def first_centre_px0(result):
    """Return the centre of the first cell of a result's heatmaps, as (y, x) of the slide's layer."""
    left, top = result.tiles.xy_px0.min(axis=0)
    return np.array([top, left]) + result.tiles.side_px0 / 2 - 0.5


def test_a_heatmap_lies_on_its_tiles(layers, slide, result):
    layers.show(result, None)

    heatmap = layers.stages(result)[0]

    np.testing.assert_allclose(heatmap.data_to_world((0, 0)), slide.data_to_world(first_centre_px0(result)))


def test_heatmaps_follow_a_slide_that_was_moved_and_turned(layers, slide, result):
    slide.translate, slide.rotate = (300, -200), 30

    layers.show(result, None)
    heatmap = layers.stages(result)[0]

    np.testing.assert_allclose(heatmap.data_to_world((0, 0)), slide.data_to_world(first_centre_px0(result)), atol=1e-6)


def test_a_place_in_the_world_finds_its_tile_on_the_slide(layers, slide, result):
    slide.translate = (70, 80)
    layers.show(result, None)

    for x_px0, y_px0 in ((512.0, 256.0), (1000.5, 300.25), (10.0, 20.0)):
        world = tuple(slide.data_to_world((y_px0 - 0.5, x_px0 - 0.5)))
        assert layers.placement.place_px0(result, world) == pytest.approx((x_px0, y_px0))


def test_without_layers_of_a_result_no_place_on_its_slide_is_known(layers, result):
    assert layers.placement.place_px0(result, (0.0, 0.0)) is None
    with pytest.raises(ValueError, match=r"drawn\.tiff"):
        layers.placement.require_place_px0(result, (0.0, 0.0))


def test_the_camera_moves_to_a_place_of_the_slide_until_the_width_fills_the_canvas(layers, viewer, slide, result):
    slide.translate, slide.rotate = (300, -200), 30
    layers.show(result, None)
    x_px0, y_px0 = 700.0, 400.0

    layers.camera.center_on(result, (x_px0, y_px0), 512)

    camera, um_per_px0 = viewer.scene.camera, result.slide.mpp
    np.testing.assert_allclose(camera.center[-2:], slide.data_to_world((y_px0 - 0.5, x_px0 - 0.5)))
    assert camera.zoom * 512 * um_per_px0 == pytest.approx(min(viewer.canvas.size))


def test_a_slide_without_pixel_size_is_calibrated_and_keeps_its_place_on_screen(layers, viewer, tmp_path):
    slide = show_slide(viewer, a_drawn_slide(tmp_path / "bare.tiff", mpp=None))
    shapes = viewer.add_layer(Shapes([np.array([[10, 20], [10, 90], [80, 90]])], shape_type="polygon", units="pixel"))
    before = slide.world_to_data(shapes.data_to_world((10, 20)))
    camera = viewer.scene.camera
    shown_px0 = np.array(camera.center[-2:]), camera.zoom

    layers.placement.calibrate(slide, 0.5)

    assert tuple(slide.scale) == (0.5, 0.5)
    assert [str(unit) for unit in slide.units] == ["micrometer", "micrometer"]
    np.testing.assert_allclose(slide.world_to_data(shapes.data_to_world((10, 20))), before)
    np.testing.assert_allclose(np.array(camera.center[-2:]), shown_px0[0] * 0.5)
    assert camera.zoom == pytest.approx(shown_px0[1] * 2)


def test_a_mistyped_pixel_size_can_be_corrected_and_heatmaps_stay_on_their_tiles(layers, viewer, tmp_path):
    drawn = a_drawn_slide(tmp_path / "bare.tiff", mpp=None, levels=1)
    slide = show_slide(viewer, drawn)
    layers.placement.calibrate(slide, 5.0)
    result = a_result_of(drawn, mpp=5.0)
    layers.show(result, None)
    heatmap = layers.stages(result)[0]
    before = slide.world_to_data(heatmap.data_to_world((0, 0)))

    layers.placement.calibrate(slide, 0.5)

    assert tuple(slide.scale) == (0.5, 0.5)
    np.testing.assert_allclose(slide.world_to_data(heatmap.data_to_world((0, 0))), before)


def lies_on(layers, slide, result):
    """Return whether all that is shown of a result lies on a slide's layer: the maps on tiles, lines on their edges."""
    x_px0, y_px0 = result.tiles.xy_px0.min(axis=0)
    stages = layers.stages(result)
    claimed = layers.layer_by_key(result, "claimed")
    on_tiles = [
        np.allclose(stage.data_to_world((0, 0)), slide.data_to_world(first_centre_px0(result)), atol=1e-3)
        for stage in stages
    ]
    corner = claimed.data_to_world((y_px0, x_px0))
    return all(on_tiles) and np.allclose(corner, slide.data_to_world((y_px0 - 0.5, x_px0 - 0.5)), atol=1e-3)


@pytest.fixture
def other(viewer, slide, drawn):
    """A second layer of the same pixels, moved away."""
    other = show_slide(viewer, drawn)
    other.translate, other.scale, other.rotate, other.name = (5000, -300), (1.0, 1.0), 20, "other"
    return other


@pytest.mark.parametrize("run", ["slide", "other"])
def test_maps_go_to_the_layer_that_was_run_and_stay_with_it(layers, viewer, slide, other, result, run):
    ran, beside = (slide, other) if run == "slide" else (other, slide)
    viewer.layers.selection.active = beside

    layers.show(result, None, slide=ran)

    assert lies_on(layers, ran, result)

    ran.name = beside.name = "renamed"
    ran.translate, ran.rotate, ran.shear = (-40, 70), -10, (0.1,)
    beside.translate = (9000, 9000)
    viewer.layers.move(0, 1)
    answer = layers.show_map(result, "winner", map_layer(result, winner_map(result.prediction)))

    assert lies_on(layers, ran, result)
    np.testing.assert_allclose(answer.affine.affine_matrix, layers.stages(result)[0].affine.affine_matrix)
    assert layers.slide_under(result) is ran


def test_two_results_lie_on_a_layer_each(layers, slide, other, result, drawn):
    second = a_result_of(drawn, seed=1)

    layers.show(result, None, slide=other)
    layers.show(second, None, slide=slide)

    assert lies_on(layers, other, result)
    assert lies_on(layers, slide, second)


def test_maps_of_a_layer_that_is_removed_go_to_another_of_the_slide_or_stay(layers, viewer, slide, other, result):
    layers.show(result, None, slide=other)

    viewer.layers.remove(other)
    there = lies_on(layers, slide, result)
    before = layers.stages(result)[0].affine.affine_matrix
    viewer.layers.remove(slide)

    assert there
    np.testing.assert_array_equal(layers.stages(result)[0].affine.affine_matrix, before)
    answer = layers.show_map(result, "winner", map_layer(result, winner_map(result.prediction)))
    np.testing.assert_array_equal(answer.affine.affine_matrix, before)


def test_maps_without_their_slide_go_to_it_when_it_is_opened(layers, viewer, slide, result, drawn):
    viewer.layers.remove(slide)
    layers.show(result, None)
    again = show_slide(viewer, drawn)

    again.translate = (50, 60)

    assert lies_on(layers, again, result)


@pytest.mark.parametrize("selected", ["slide", "other", "its map", "nothing"])
def test_an_opened_result_goes_to_the_selected_layer_of_its_slide_or_to_the_first(
    layers, slide, other, drawn, selected
):
    earlier, result = a_result_of(drawn, seed=1), a_result_of(drawn)
    layers.show(earlier, None, slide=other)
    chosen = {"slide": [slide], "other": [other], "its map": [layers.stages(earlier)[0]], "nothing": []}
    layers.select(*chosen[selected])

    layers.show(result, None)

    assert lies_on(layers, slide if selected in ("slide", "nothing") else other, result)


def test_what_the_reader_adds_stays_on_the_slide_it_came_with(layers, viewer, other, result, slide, drawn):
    slide.translate = (-700, 0)
    came = show_slide(viewer, drawn)
    for data in stage_layers(result):
        viewer.add_layer(Layer.create(*data))

    came.translate = (12, 34)

    assert lies_on(layers, came, result)


def test_a_duplicate_of_the_layer_that_was_run_takes_nothing(layers, viewer, slide, result):
    layers.show(result, None, slide=slide)
    data, state, kind = slide.as_layer_data_tuple()
    twin = viewer.add_layer(Layer.create(data, state | {"name": "twin"}, kind))

    twin.translate = (800, 800)

    assert lies_on(layers, slide, result)


def test_a_dock_that_opens_later_keeps_results_where_they_lie(layers, viewer, slide, other, result):
    layers.show(result, None, slide=other)
    layers.stop()
    viewer.layers.selection.active = slide

    later = ViewerLayers(viewer)
    other.translate = (1, 2)

    assert lies_on(later, other, result)
    later.stop()


def test_after_stopping_no_slide_is_followed(layers, slide, result):
    layers.show(result, None)
    layers.stop()

    slide.translate = (500, 500)

    assert not lies_on(layers, slide, result)


def test_when_our_last_selected_map_goes_another_is_selected(layers, viewer, slide, result):
    layers.show(result, None)
    answer = layers.show_map(result, "whatif-0", map_layer(result, winner_map(result.prediction)))
    viewer.layers.selection.active = answer

    layers.remove_map(result, "whatif-0")

    assert viewer.layers.selection.active is layers.stages(result)[0]
