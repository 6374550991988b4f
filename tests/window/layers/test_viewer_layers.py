"""The layers of slides and results in a viewer, without a window."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Layer, Shapes, Vectors

from msm_mil_core.slides.slide import open_slide
from napari_msm_mil.layers.layer_data import slide_layer, stage_layers
from napari_msm_mil.layers.stage_layers import StageLayers
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from tests.slides import a_drawn_slide
from tests.window.dock_user import a_result_of


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def layers(qtbot, viewer):
    layers = ViewerLayers(viewer)
    yield layers
    layers.stop()


@pytest.fixture
def stages(layers):
    return StageLayers(layers)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return a_drawn_slide(tmp_path_factory.mktemp("slides") / "drawn.tiff")


@pytest.fixture
def drawn(file, viewer):
    viewer.add_layer(Layer.create(*slide_layer(open_slide(file.path))))
    return file


def stages_of(viewer, result):
    ours = (layer for layer in viewer.layers if layer.metadata.get("result") is result)
    return [layer for layer in ours if isinstance(layer, Image)]


def test_slides_and_regions_are_told_apart_from_other_layers(layers, viewer, drawn):
    viewer.add_image(np.zeros((4, 4)), name="not a slide")
    viewer.add_shapes(name="mine")

    assert [layer.name for layer in layers.slides()] == ["drawn"]
    assert [layer.name for layer in layers.regions()] == ["mine"]


def test_coming_going_and_renaming_is_told(layers, viewer, qtbot):
    with qtbot.waitSignal(layers.listed):
        viewer.add_shapes(name="mine")
    with qtbot.waitSignal(layers.listed):
        viewer.layers[0].name = "yours"
    with qtbot.waitSignal(layers.listed):
        viewer.layers.clear()


def test_a_result_has_one_heatmap_for_each_stage_and_one_outline(layers, stages, viewer, drawn):
    result = a_result_of(drawn, S=3)

    layers.show(result, None)

    assert len(stages_of(viewer, result)) == 3
    assert sum(isinstance(layer, Vectors) for layer in viewer.layers) == 1
    assert layers.results() == (result,)
    assert [look.visible for look in stages.looks(result)] == [True, False, False]


def test_a_heatmap_lies_on_the_tiles_it_tells_of(layers, viewer, drawn):
    result = a_result_of(drawn)
    layers.show(result, None)
    slide, heatmap = viewer.layers[0], stages_of(viewer, result)[0]

    left, top = result.tiles.xy_px0.min(axis=0)
    first_centre = np.array([top, left]) + result.tiles.side_px0 / 2 - 0.5

    np.testing.assert_allclose(heatmap.data_to_world((0, 0)), slide.data_to_world(first_centre))


def test_heatmaps_follow_a_slide_that_was_moved_and_turned(layers, viewer, drawn):
    slide, result = viewer.layers[0], a_result_of(drawn)
    slide.translate, slide.rotate = (300, -200), 30
    layers.show(result, None)
    heatmap = stages_of(viewer, result)[0]

    left, top = result.tiles.xy_px0.min(axis=0)
    first_centre = np.array([top, left]) + result.tiles.side_px0 / 2 - 0.5

    np.testing.assert_allclose(heatmap.data_to_world((0, 0)), slide.data_to_world(first_centre), atol=1e-6)


def test_a_second_result_has_names_of_its_own_and_hides_the_first(layers, stages, viewer, drawn):
    first, second = a_result_of(drawn), a_result_of(drawn, seed=1)

    layers.show(first, None)
    layers.show(second, None)

    names = [layer.name for layer in viewer.layers]
    assert len(set(names)) == len(names)
    assert sum("run 2" in name for name in names) == 4
    assert not any(look.visible for look in stages.looks(first))
    assert stages.looks(second)[0].visible
    assert layers.active_result() is second


def test_contrast_changes_values_name_and_limits_of_one_stage_or_of_all(layers, stages, viewer, drawn):
    result = a_result_of(drawn)
    layers.show(result, None)

    stages.set_contrast(result, 1, "raw")
    one = [look.contrast for look in stages.looks(result)]
    stages.set_contrast(result, None, "log")

    assert one == ["rank", "raw", "rank"]
    for index, layer in enumerate(stages_of(viewer, result)):
        attention = result.prediction.stages[index].attention
        assert "log" in layer.name
        np.testing.assert_allclose(np.sort(layer.data[np.isfinite(layer.data)]), np.sort(np.log10(attention)))
        assert layer.contrast_limits == pytest.approx([np.log10(attention.min()), np.log10(attention.max())])


def test_a_stage_of_equal_values_can_be_shown_in_every_contrast(layers, stages, viewer, drawn):
    result = a_result_of(drawn)
    result.prediction.stages[0].attention[:] = 1 / len(result.tiles)

    layers.show(result, None)
    for kind in ("raw", "log", "rank"):
        stages.set_contrast(result, None, kind)

    assert stages.looks(result)[0].contrast == "rank"


def test_a_stage_alone_hides_the_others_until_it_is_released(layers, stages, drawn):
    result = a_result_of(drawn)
    layers.show(result, None)
    stages.set_visible(result, 1, visible=True)

    stages.set_alone(result, 2)
    alone = stages.looks(result)
    stages.set_alone(result, 0)
    other = stages.looks(result)
    stages.set_alone(result, None)

    assert [look.visible for look in alone] == [False, False, True]
    assert [look.alone for look in alone] == [False, False, True]
    assert [look.visible for look in other] == [True, False, False]
    assert [look.visible for look in stages.looks(result)] == [True, True, False]
    assert not any(look.alone for look in stages.looks(result))


def test_a_choice_in_the_layer_list_ends_a_solo(layers, stages, viewer, drawn, qtbot):
    result = a_result_of(drawn)
    layers.show(result, None)
    stages.set_alone(result, 2)

    with qtbot.waitSignal(stages.looks_changed):
        stages_of(viewer, result)[1].visible = True

    assert [look.visible for look in stages.looks(result)] == [False, True, True]
    assert not any(look.alone for look in stages.looks(result))


def test_a_removed_stage_has_no_look_and_harms_no_other(layers, stages, viewer, drawn):
    result = a_result_of(drawn)
    layers.show(result, None)

    viewer.layers.remove(stages_of(viewer, result)[1])
    stages.set_visible(result, 1, visible=True)
    stages.set_contrast(result, None, "raw")

    assert [look is None for look in stages.looks(result)] == [False, True, False]


def test_a_result_whose_layers_are_gone_is_no_result_any_more(layers, viewer, drawn):
    layers.show(a_result_of(drawn), None)

    viewer.layers.clear()

    assert layers.results() == ()


def test_selecting_a_stage_tells_of_its_result(layers, viewer, drawn, qtbot):
    first, second = a_result_of(drawn), a_result_of(drawn, seed=1)
    layers.show(first, None)
    layers.show(second, None)

    with qtbot.waitSignal(layers.chosen) as chosen:
        viewer.layers.selection.active = stages_of(viewer, first)[1]

    assert chosen.args[0] is first


def test_a_place_in_the_world_finds_its_tile_on_the_slide(layers, viewer, drawn):
    result = a_result_of(drawn)
    viewer.layers[0].translate = (70, 80)
    layers.show(result, None)

    for x_px0, y_px0 in ((512.0, 256.0), (1000.5, 300.25), (10.0, 20.0)):
        world = viewer.layers[0].data_to_world((y_px0 - 0.5, x_px0 - 0.5))
        assert layers.place_px0(result, tuple(world)) == pytest.approx((x_px0, y_px0))


def test_a_slide_without_pixel_size_is_calibrated_and_keeps_its_place_on_screen(layers, viewer, tmp_path):
    drawn = a_drawn_slide(tmp_path / "bare.tiff", mpp=None)
    viewer.add_layer(Layer.create(*slide_layer(open_slide(drawn.path))))
    slide = viewer.layers[0]
    shapes = viewer.add_layer(Shapes([np.array([[10, 20], [10, 90], [80, 90]])], shape_type="polygon", units="pixel"))
    before = slide.world_to_data(shapes.data_to_world((10, 20)))
    camera = viewer.scene.camera
    shown_px0 = np.array(camera.center[-2:]), camera.zoom

    layers.calibrate(slide, 0.5)

    assert tuple(slide.scale) == (0.5, 0.5)
    assert [str(unit) for unit in slide.units] == ["micrometer", "micrometer"]
    np.testing.assert_allclose(slide.world_to_data(shapes.data_to_world((10, 20))), before)
    np.testing.assert_allclose(np.array(camera.center[-2:]), shown_px0[0] * 0.5)
    assert camera.zoom == pytest.approx(shown_px0[1] * 2)


def test_a_mistyped_pixel_size_can_be_corrected_and_heatmaps_stay_on_their_tiles(layers, viewer, tmp_path):
    drawn = a_drawn_slide(tmp_path / "bare.tiff", mpp=None, levels=1)
    slide = viewer.add_layer(Layer.create(*slide_layer(open_slide(drawn.path))))
    layers.calibrate(slide, 5.0)
    result = a_result_of(drawn, mpp=5.0)
    layers.show(result, None)
    heatmap = stages_of(viewer, result)[0]
    before = slide.world_to_data(heatmap.data_to_world((0, 0)))

    layers.calibrate(slide, 0.5)

    assert tuple(slide.scale) == (0.5, 0.5)
    np.testing.assert_allclose(slide.world_to_data(heatmap.data_to_world((0, 0))), before)


def test_where_a_result_is_kept_is_known(layers, drawn, tmp_path):
    kept, lost = a_result_of(drawn), a_result_of(drawn, seed=1)

    layers.show(kept, tmp_path / "a.msm.h5")
    layers.show(lost, None)

    assert layers.kept(kept) == tmp_path / "a.msm.h5"
    assert layers.kept(lost) is None


def test_layers_that_the_reader_brought_are_known_too(layers, stages, viewer, drawn):
    result = a_result_of(drawn)

    for data in stage_layers(result):
        viewer.add_layer(Layer.create(*data))

    assert layers.results() == (result,)
    assert stages.claimed_visible(result)


def test_after_letting_go_nothing_is_heard(layers, stages, viewer, drawn, qtbot):
    result = a_result_of(drawn)
    layers.show(result, None)

    layers.stop()

    with qtbot.assertNotEmitted(layers.listed), qtbot.assertNotEmitted(stages.looks_changed):
        viewer.add_shapes()
        stages_of(viewer, result)[1].visible = True
