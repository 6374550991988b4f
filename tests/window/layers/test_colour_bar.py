"""napari's colour bar stands beside a map that has the canvas to itself, and nowhere else."""

import pytest
from napari.settings import get_plugin_settings

from msm_mil_core.display.tile_map import winner_map
from napari_msm_mil.layers.result_displays import ResultDisplays
from napari_msm_mil.layers.tile_map_layers import map_layer, outline_layer
from napari_msm_mil.settings import PLUGIN
from tests.window.dock_user import a_result_of, show_slide


@pytest.fixture
def result(viewer, layers, drawn):
    show_slide(viewer, drawn)
    result = a_result_of(drawn, S=3)
    layers.show(result, None)
    return result


@pytest.fixture
def displays(layers):
    return ResultDisplays(layers)


def bars(layers, result):
    return [layer.colorbar.visible for layer in layers.stages(result)]


def test_the_bar_comes_with_a_stage_that_is_alone_and_goes_with_it(layers, displays, result):
    before = bars(layers, result)
    displays.show(result, displays.display(result).with_solo(1))
    alone = bars(layers, result)
    displays.show(result, displays.display(result).with_solo(None))

    assert before == bars(layers, result) == [False, False, False]
    assert alone == [False, True, False]


def test_a_bar_that_the_user_hides_stays_hidden(layers, displays, result):
    displays.show(result, displays.display(result).with_solo(1))
    layers.stages(result, 1)[0].colorbar.visible = False
    displays.show(result, displays.display(result).with_contrast("log"))

    assert bars(layers, result) == [False, False, False]


def test_a_map_that_covers_the_stages_has_its_bar_and_outlines_have_none(layers, result):
    shown = layers.show_map(result, "winner", map_layer(result, winner_map(result.prediction)))
    outline = outline_layer(result, result.prediction.stages[0].claimed, "Some", (1, 0, 0))

    assert shown.colorbar.visible
    assert not hasattr(layers.show_map(result, "some", outline), "colorbar")


def test_who_wants_no_bar_gets_none(plugin, plugin_settings, layers, displays, result):
    get_plugin_settings(PLUGIN).display.colour_bar = False

    displays.show(result, displays.display(result).with_solo(1))

    assert bars(layers, result) == [False, False, False]
