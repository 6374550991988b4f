"""Maps that were exported as OME-TIFF, opened in napari by another plugin, lie on the slide."""

import gc
import warnings
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel

from msm_mil_core.export.exchange.ome_tiff import write_ome_tiff
from tests.results import a_prediction, a_result, slide_facts, tile_grid

MPP = 0.499


@pytest.fixture
def reader():
    plugin = pytest.importorskip("napari_tiff.napari_tiff_reader", reason="needs the plugin napari-tiff")
    yield plugin.napari_get_reader
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves the file open until nobody needs the layers
        gc.collect()


def test_napari_tiff_shows_each_stage_in_its_colour_with_its_scale_and_the_position_moves_it_onto_the_slide(
    reader, tmp_path
):
    path, viewer = str(tmp_path / "drawn.ome.tif"), ViewerModel()
    tiles = tile_grid([(5, 4), (150, 90)])
    result = a_result(tiles, slide=slide_facts((20_000, 15_000), mpp=MPP), prediction=a_prediction(2, S=3))
    write_ome_tiff(result, tmp_path / "drawn.ome.tif")
    slide = viewer.add_image(np.zeros((15_000, 20_000), bool), scale=(MPP, MPP), units=("um", "um"))

    ((data, arguments, _),) = reader(path)(path)
    layers = viewer.add_image(data, **arguments)
    for layer in layers:
        layer.translate = position_um(path)[-layer.ndim :]

    assert [layer.name for layer in layers] == [f"Stage {number} attention" for number in (1, 2, 3)]
    for layer, stage in zip(layers, result.prediction.stages, strict=True):
        pixels = np.asarray(layer.data[0])
        assert layer.multiscale
        for tile, (x, y) in enumerate(tiles.xy_px0):
            rows, cols = np.nonzero(pixels == stage.attention[tile])
            centre = layer.data_to_world((rows.mean(), cols.mean()))
            expected = slide.data_to_world((y + 49.5, x + 49.5))  # pixels of napari are counted from their centres
            np.testing.assert_allclose(centre, expected, atol=MPP / 2)


def position_um(path):
    """What the docs say to take as the layer's translation: PositionY and PositionX."""
    with tifffile.TiffFile(path) as file:
        plane = ET.fromstring(file.ome_metadata).find(".//{*}Plane")
    return float(plane.get("PositionY")), float(plane.get("PositionX"))
