"""What napari is given of a slide and a result: in the right place, with units and unique names."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from napari.components import ViewerModel
from napari.layers import Image, Layer, Vectors

from msm_mil_core.display.heatmap import CONTRASTS
from msm_mil_core.display.shared_tiles import STRIPES
from msm_mil_core.display.stage_style import stage_rgb
from msm_mil_core.results.annotations import StageView, View
from msm_mil_core.slides.slide import open_slide
from napari_msm_mil.layers.layer_data import slide_layer, stage_layers
from tests.results import a_prediction, a_result, block_of_tiles, slide_facts, tile_grid
from tests.slides import BOUNDS, a_drawn_slide


def layers_of(result, contrast="rank"):
    stages = tuple(StageView(visible=index == 0, contrast=contrast) for index in range(len(result.prediction.stages)))
    return [Layer.create(*data) for data in stage_layers(result, View(stages=stages))]


def corners_of_cell(layer, row, col):
    """The world coordinates (y, x) of a pixel's top-left and bottom-right corners."""
    return [layer.data_to_world((row + side, col + side)) for side in (-0.5, 0.5)]


def test_a_slide_is_one_lazy_layer_in_micrometres(tmp_path):
    slide = open_slide(a_drawn_slide(tmp_path / "drawn.tiff", mpp=0.25).path)

    layer = Layer.create(*slide_layer(slide))

    assert (layer.name, layer.rgb, layer.multiscale) == ("drawn", True, True)
    assert layer.scale.tolist() == [0.25, 0.25]
    assert [str(unit) for unit in layer.units] == ["micrometer", "micrometer"]
    assert layer.axis_labels == ("y", "x")


def test_a_slide_layer_knows_its_origin_and_shows_no_label(shared):
    slide = open_slide(shared("slides/CMU-1-Small-Region.svs"))

    metadata = slide_layer(slide)[1]["metadata"]

    assert metadata["slide"] is slide
    assert metadata["facts"] == slide.facts
    assert (metadata["vendor"], metadata["mpp"], metadata["mpp_origin"]) == ("aperio", 0.499, slide.facts.mpp_origin)
    assert metadata["properties"]["aperio.AppMag"] == "20"
    assert metadata["associated_images"] == ("label", "macro", "thumbnail")
    assert not any(isinstance(value, np.ndarray) for value in metadata.values())


def test_a_slide_without_mpp_is_laid_out_in_pixels(tmp_path):
    layer = Layer.create(*slide_layer(open_slide(a_drawn_slide(tmp_path / "drawn.tiff", mpp=None).path)))

    assert layer.scale.tolist() == [1, 1]
    assert [str(unit) for unit in layer.units] == ["pixel", "pixel"]
    assert layer.metadata["mpp_origin"] == "missing"


def test_all_layers_of_a_result_keep_the_units_of_the_viewer(tmp_path):
    drawn = a_drawn_slide(tmp_path / "drawn.tiff")
    slide = open_slide(drawn.path)
    viewer = ViewerModel()

    for data in (slide_layer(slide), *stage_layers(a_result(slide=slide.facts))):
        viewer.add_layer(Layer.create(*data))

    assert [str(unit) for unit in viewer.layers.extent.units] == ["micrometer", "micrometer"]
    assert {layer.axis_labels for layer in viewer.layers} == {("y", "x")}


@given(
    side_px0=st.integers(1, 2000),
    mpp=st.floats(0.05, 20),
    cells=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=8, unique=True),
)
@settings(max_examples=25)
def test_each_cell_of_a_heatmap_covers_its_tile_on_the_slide(side_px0, mpp, cells):
    cells = sorted(cells, key=lambda cell: cell[::-1])
    tiles = tile_grid(cells, side_px0)
    slide = Image(np.zeros((4, 4)), scale=(mpp, mpp))
    layer, *_ = layers_of(a_result(tiles, slide=slide_facts((200_000, 200_000), mpp=mpp)))

    left, top = tiles.xy_px0.min(axis=0) // side_px0
    for (col, row), (x, y) in zip(cells, tiles.xy_px0, strict=True):
        first, last = corners_of_cell(layer, row - top, col - left)

        assert np.isfinite(layer.data[row - top, col - left])
        assert np.allclose(first, slide.data_to_world((y - 0.5, x - 0.5)))
        assert np.allclose(last, slide.data_to_world((y + side_px0 - 0.5, x + side_px0 - 0.5)))


@given(mpp=st.floats(0.05, 20), side_px0=st.integers(1, 2000))
def test_the_stripes_of_a_shared_tile_lie_on_the_tile_from_its_left_edge_to_its_right(mpp, side_px0):
    tiles = tile_grid([(3, 5), (4, 5)], side_px0)
    prediction = a_prediction(2, S=2)
    for stage in prediction.stages:
        stage.attention[:] = [0.1, 0.9]
    stage, _, stripes, _ = (
        Layer.create(*data) for data in stage_layers(a_result(tiles, slide=slide_facts(mpp=mpp), prediction=prediction))
    )

    first, last = (corners_of_cell(stripes, 0, col)[end] for col, end in ((STRIPES, 0), (2 * STRIPES - 1, 1)))

    assert np.allclose(first, corners_of_cell(stage, 0, 1)[0])
    assert np.allclose(last, corners_of_cell(stage, 0, 1)[1])
    assert np.isnan(stripes.data[0, :STRIPES]).all()
    assert stripes.data[0, STRIPES:].tolist() == [1.0] * 6 + [2.0] * 6
    colours = stripes.colormap.map(np.array([0.25, 0.75]))  # the middles of two steps
    assert np.allclose(colours[:, :3], np.array([stage_rgb(0), stage_rgb(1)]) / 255, atol=0.01)


@pytest.mark.parametrize("bounds", [None, BOUNDS])
def test_a_hot_square_is_hot_in_the_same_place_of_slide_and_heatmap(tmp_path, bounds):
    drawn = a_drawn_slide(tmp_path / ("drawn.scn" if bounds else "drawn.tiff"), bounds=bounds)
    slide = open_slide(drawn.path)
    tiles = tile_grid(list(itertools.product(range(8), range(6))), side_px0=256)
    hot = (tiles.xy_px0 == drawn.hot_px0[:2]).all(axis=1)
    prediction = a_prediction(len(tiles), S=1)
    prediction.stages[0].attention[:] = np.where(hot, 0.5, 0.5 / (len(tiles) - 1))

    picture = Layer.create(*slide_layer(slide))
    heatmap = layers_of(a_result(tiles, slide=slide.facts, prediction=prediction), "raw")[0]

    row, col = np.argwhere(heatmap.data == np.nanmax(heatmap.data))[0]
    (top, left), (bottom, right) = (picture.world_to_data(corner) for corner in corners_of_cell(heatmap, row, col))
    seen = picture.data[0][round(top + 0.5) : round(bottom + 0.5), round(left + 0.5) : round(right + 0.5)]
    assert seen.shape == (256, 256, 3)
    assert np.abs(seen.astype(int).mean(axis=(0, 1)) - (90, 30, 120)).max() < 3


def test_a_heatmap_is_transparent_where_nothing_was_shown():
    result = a_result(tile_grid([(0, 0), (2, 0), (1, 1)]), prediction=a_prediction(3, S=2, K=1, masks=True))

    first, second, *_ = layers_of(result)

    assert first.data.dtype == np.float32
    assert np.isnan(first.data).tolist() == [[False, True, False], [True, False, True]]
    assert np.isnan(second.data).sum() == 4
    assert (first.blending, first.interpolation2d) == ("translucent_no_depth", "nearest")
    assert first.colormap.map(np.array([np.nan]))[0, 3] == 0


def test_stages_are_distinguished_by_the_first_word_of_their_names_and_by_colour():
    layers = layers_of(a_result(), "log")

    assert [layer.name for layer in layers] == [
        "1 log",
        "2 log",
        "3 log",
        "Shared top tiles",
        "Claimed tiles",
    ]
    assert len({tuple(layer.colormap.colors[-1]) for layer in layers[:3]}) == 3
    assert [layer.visible for layer in layers] == [True, False, False, False, True]


def test_each_layer_of_a_result_knows_its_result():
    result = a_result()

    for index, layer in enumerate(layers_of(result)):
        assert layer.metadata["result"] is result
        assert layer.metadata["model_sha256"] == result.model.sha256
        assert layer.metadata.get("stage") == (index if index < 3 else None)


@pytest.mark.parametrize("contrast", CONTRASTS)
def test_a_stage_that_looks_everywhere_alike_can_be_shown(contrast):
    prediction = a_prediction(30)
    prediction.stages[0].attention[:] = 1 / 30

    low, high = layers_of(a_result(prediction=prediction), contrast)[0].contrast_limits

    assert low < high


def test_claimed_tiles_are_outlined_inside_their_edges_in_the_colour_of_their_stage():
    tiles = block_of_tiles(4, 1, side_px0=100)
    prediction = a_prediction(4, S=2, K=1)
    for stage, tile in zip(prediction.stages, (1, 2), strict=True):
        stage.claimed[:] = np.arange(4) == tile
    layer = layers_of(a_result(tiles, prediction=prediction, slide=slide_facts(mpp=0.5)))[-1]

    assert isinstance(layer, Vectors)
    lines, half_a_line = layer.data[len(layer.data) // 2 :], layer.edge_width / 2
    for index, (left, right) in enumerate([(100, 200), (200, 300)]):
        ours = layer.features["stage"].to_numpy()[len(lines) :] == index + 1
        y, x = np.concatenate([lines[ours, 0], lines[ours].sum(axis=1)]).T
        assert len(lines[ours]) == 4
        assert (x.min(), x.max(), y.min(), y.max()) == (left, right, 0, 100)
        vertical = lines[ours][lines[ours][:, 1, 1] == 0]
        assert sorted(vertical[:, 0, 1]) == [left + half_a_line, right - half_a_line]
        assert np.allclose(layer.edge_color[len(lines) :][ours, :3], np.array(stage_rgb(index)) / 255)
    assert np.allclose(layer.data_to_world((0, 100)), (-0.25, 49.75))


def test_a_result_in_which_nothing_is_claimed_has_an_empty_outline():
    layer = layers_of(a_result(tile_grid([(0, 0)]), prediction=a_prediction(1, K=1)))[-1]

    assert len(layer.data) == 0
    assert layer.ndim == 2


def test_a_hundred_thousand_tiles_are_laid_out_in_reasonable_memory():
    tiles = block_of_tiles(400, 250, side_px0=224)
    prediction = a_prediction(len(tiles), S=3, K=1000, evidence=False)

    layers = layers_of(a_result(tiles, slide=slide_facts((90_000, 56_000)), prediction=prediction))

    assert layers[0].data.shape == (250, 400)
    assert 6_000 < len(layers[-1].data) <= 2 * 4 * 3 * 1000
