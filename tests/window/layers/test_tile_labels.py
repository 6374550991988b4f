"""The tiles as a layer of napari's own kind: where each is, and what is measured of it, for other plugins."""

import numpy as np
import pytest
from napari.layers import Labels, Layer

from msm_mil_core.display.tile_map import winner_map
from msm_mil_core.export.tables.measurements import measure_tiles
from napari_msm_mil.layers.layer_data import stage_layers
from napari_msm_mil.layers.tile_map_layers import TILES, map_layer, tile_labels_layer
from tests.results import a_result, tile_grid
from tests.window.dock_user import a_result_of, show_slide


@pytest.fixture
def result(drawn):
    return a_result_of(drawn, S=3)


@pytest.fixture
def tiles(result) -> Labels:
    return Layer.create(*tile_labels_layer(result))


def test_each_tile_is_one_label_where_its_map_has_it(result, tiles):
    stage = Layer.create(*stage_layers(result)[0])

    assert tiles.data.shape == stage.data.shape
    assert sorted(set(tiles.data.ravel()) - {0}) == list(range(1, len(result.tiles) + 1))
    assert np.allclose(tiles.extent.world, stage.extent.world)
    assert (tiles.units, tiles.axis_labels) == (stage.units, stage.axis_labels)


def test_a_label_has_the_measurements_of_its_tile(result, tiles):
    at = 17

    row = tiles.features.set_index("index").loc[at + 1]

    assert (row["x (level 0)"], row["y (level 0)"]) == tuple(result.tiles.xy_px0[at])
    for name, values in measure_tiles(result.prediction).items():
        assert np.array_equal(row[name], values[at], equal_nan=True), name


def test_the_background_has_no_values(tiles):
    background = tiles.features.set_index("index").loc[0]

    assert np.isnan(background["Stage 1 attention"])


def test_the_status_bar_shows_the_values_of_the_tile_under_the_mouse(result, tiles):
    row, col = np.argwhere(tiles.data == 18)[0]

    shown = tiles.get_status(tiles.data_to_world((row, col)), world=True)

    assert "Stage 1 attention" in str(shown)


def test_labels_cover_no_stage_and_have_no_say_in_how_the_result_is_shown(viewer, layers, drawn, result):
    show_slide(viewer, drawn)
    layers.show(result, None)
    before = [layer.visible for layer in layers.stages(result)]

    layers.show_map(result, TILES, tile_labels_layer(result))
    with_labels = [layer.visible for layer in layers.stages(result)]
    layers.show_map(result, "winner", map_layer(result, winner_map(result.prediction)))

    assert before == with_labels
    assert not any(layer.visible for layer in layers.stages(result))


def test_a_large_slide_is_laid_out_as_well():
    tiles = tile_grid([(n % 250, n // 250) for n in range(50_000)])
    result = a_result(tiles)

    labels, arguments, kind = tile_labels_layer(result)

    assert labels.max() == 50_000
    assert {len(values) for values in arguments["features"].values()} == {50_001}
    assert kind == "labels"
