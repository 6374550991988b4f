"""The layers of slides and results in a viewer, without a window."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from napari.layers import Layer, Vectors

from msm_mil_core.display.heatmap import rasterise
from msm_mil_core.display.stage_display import CLAIMED
from msm_mil_core.display.stage_style import stage_name
from msm_mil_core.display.tile_map import winner_map
from msm_mil_core.display.view_choice import TOP_PERCENT
from msm_mil_core.explain.selections.selection import top_tiles
from msm_mil_core.slides.truth import TruthArea
from napari_msm_mil.layers.layer_data import stage_layers, truth_layer
from napari_msm_mil.layers.tile_map_layers import map_layer
from tests.results import a_result, slide_facts
from tests.window.dock_user import FIRST_STAGE, a_result_of, show_slide


@pytest.fixture(autouse=True)
def slide(viewer, drawn):
    return show_slide(viewer, drawn)


def visible(layers, result):
    return [layer.visible for layer in layers.stages(result)]


def test_slides_and_regions_are_distinguished_from_other_layers(layers, viewer, drawn):
    viewer.add_image(np.zeros((4, 4)), name="not a slide")
    viewer.add_shapes(name="mine")

    assert [layer.name for layer in layers.slides.all()] == ["drawn"]
    assert [layer.name for layer in layers.regions.all()] == ["mine"]


def test_added_removed_and_renamed_layers_are_reported(layers, viewer, qtbot):
    with qtbot.waitSignal(layers.listed):
        viewer.add_shapes(name="mine")
    with qtbot.waitSignal(layers.listed):
        viewer.layers[0].name = "yours"
    with qtbot.waitSignal(layers.listed):
        viewer.layers.clear()


def test_a_result_has_one_heatmap_for_each_stage_and_one_outline(layers, viewer, drawn):
    result = a_result_of(drawn, S=3)

    layers.show(result, None)

    assert len(layers.stages(result)) == 3
    assert sum(isinstance(layer, Vectors) for layer in viewer.layers) == 1
    assert layers.results() == (result,)


def test_known_areas_stay_on_top_of_the_maps(layers, viewer, drawn):
    result, area = a_result_of(drawn), TruthArea("tumour", (255, 0, 51), shapely.box(200, 100, 300, 180))
    known = viewer.add_layer(Layer.create(*truth_layer([area], result.slide)))

    layers.show(result, None)
    after_show = viewer.layers[-1]
    layers.show_map(result, "winner", map_layer(result, winner_map(result.prediction)))

    assert after_show is known
    assert viewer.layers[-1] is known


def test_a_result_opens_with_the_top_tiles_of_all_stages(layers, drawn):
    result = a_result_of(drawn)

    layers.show(result, None)

    assert visible(layers, result) == [True, True, True]
    for stage, layer in zip(result.prediction.stages, layers.stages(result), strict=True):
        top = np.where(top_tiles(stage.attention, TOP_PERCENT), 1, np.nan)
        np.testing.assert_array_equal(np.isfinite(layer.data), np.isfinite(rasterise(result.tiles, top).values))
        assert layer.colormap.name == stage_name(layer.metadata["stage"])
    assert layers.layer_by_key(result, CLAIMED).visible


def test_a_result_with_one_stage_opens_with_its_whole_map(layers, drawn):
    result = a_result_of(drawn, S=1)

    layers.show(result, None)

    (layer,) = layers.stages(result)
    assert layer.visible
    assert np.isfinite(layer.data).sum() == len(result.tiles)


def test_a_second_result_has_names_of_its_own_and_hides_the_first(layers, viewer, drawn):
    first, second = a_result_of(drawn), a_result_of(drawn, seed=1)

    layers.show(first, None)
    layers.show(second, None)

    names = [layer.name for layer in viewer.layers]
    assert len(set(names)) == len(names)
    assert sum("run 2" in name for name in names) == 5
    assert not any(visible(layers, first))
    assert visible(layers, second) == [True, True, True]
    assert layers.active_result() is second


def test_a_result_whose_layers_are_gone_is_no_result_any_more(layers, viewer, drawn):
    layers.show(a_result_of(drawn), None)

    viewer.layers.clear()

    assert layers.results() == ()


def test_selecting_a_stage_reports_its_result(layers, viewer, drawn, qtbot):
    first, second = a_result_of(drawn), a_result_of(drawn, seed=1)
    layers.show(first, None)
    layers.show(second, None)

    with qtbot.waitSignal(layers.chosen) as chosen:
        viewer.layers.selection.active = layers.stages(first)[1]

    assert chosen.args[0] is first


def test_the_file_of_a_result_is_known(layers, drawn, tmp_path):
    saved, unsaved = a_result_of(drawn), a_result_of(drawn, seed=1)

    layers.show(saved, tmp_path / "a.msm.h5")
    layers.show(unsaved, None)

    assert layers.result_file(saved) == tmp_path / "a.msm.h5"
    assert layers.result_file(unsaved) is None


def test_layers_added_by_the_reader_are_known_too(layers, viewer, drawn):
    result = a_result_of(drawn)

    for data in stage_layers(result):
        viewer.add_layer(Layer.create(*data))

    assert layers.results() == (result,)
    assert layers.layer_by_key(result, "claimed").visible


def test_a_map_takes_the_place_of_the_one_with_its_key(layers, viewer, drawn):
    result = a_result_of(drawn)
    layers.show(result, None)
    winner = map_layer(result, winner_map(result.prediction))
    old = layers.show_map(result, "winner", winner)
    viewer.add_points(name="above")
    place = viewer.layers.index(old)

    new = layers.show_map(result, "winner", winner)

    assert not layers.has(old)
    assert viewer.layers.index(new) == place
    assert visible(layers, result) == [False, False, False]
    layers.remove_map(result, "winner")
    assert layers.layer_by_key(result, "winner") is None
    assert visible(layers, result) == [True, True, True]


def test_of_an_earlier_result_nothing_is_shown_even_when_its_map_is_removed(layers, viewer, drawn):
    first, second = a_result_of(drawn), a_result_of(drawn, seed=1)
    layers.show(first, None)
    layers.show_map(first, "winner", map_layer(first, winner_map(first.prediction)))

    layers.show(second, None)
    hidden = [layer.visible for layer in layers.of(first)]
    layers.remove_map(first, "winner")

    assert not any(hidden)
    assert not any(layer.visible for layer in layers.of(first))


def test_after_stopping_nothing_is_heard(layers, viewer, drawn, qtbot):
    result = a_result_of(drawn)
    layers.show(result, None)

    layers.stop()

    with qtbot.assertNotEmitted(layers.listed), qtbot.assertNotEmitted(layers.visible_changed):
        viewer.add_shapes()
        layers.stages(result)[1].visible = True


def test_names_are_short_and_say_the_slide_only_where_two_are_open(layers, viewer):
    first, other = a_result(), a_result(slide=replace(slide_facts(), name="other.svs", quick_hash="77"))
    layers.show(first, None, FIRST_STAGE)
    alone = [layer.name for layer in viewer.layers][1:]
    layers.of(first)[2].name = "mine"
    layers.show(other, None, FIRST_STAGE)
    both = [layer.name for layer in viewer.layers][1:]
    for layer in layers.of(other):
        viewer.layers.remove(layer)

    assert alone == ["1 rank", "2 rank", "3 rank", "Shared top tiles", "Claimed tiles"]
    first_names = ["1 rank", "2 rank", "mine", "Shared top tiles", "Claimed tiles"]
    assert both[:5] == [name if name == "mine" else f"{name} · drawn" for name in first_names]
    assert both[5:] == [f"{name} · other" for name in alone]
    assert [layer.name for layer in viewer.layers][1:] == first_names
