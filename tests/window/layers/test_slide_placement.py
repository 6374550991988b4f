"""Where slides and heatmaps lie in a viewer, without a window."""

import numpy as np
import pytest
from napari.layers import Shapes

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
