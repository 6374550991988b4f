"""Tables and maps as anndata and spatialdata read them."""

import dataclasses
import json
import warnings

import numpy as np
import pytest
from hypothesis import given, settings

from msm_mil_core.export.exchange.anndata_table import write_anndata
from msm_mil_core.export.exchange.map_options import MapOptions
from msm_mil_core.export.exchange.spatial_data import is_spatialdata, write_spatialdata
from msm_mil_core.export.tables.measurements import measure_tiles
from msm_mil_core.results.annotations import Annotations, Verdict
from tests.core.export.exchange.results import results_on_slides, same
from tests.results import a_prediction, a_result, slide_facts, tile_grid

anndata = pytest.importorskip("anndata", reason="needs the extra: scverse")


@pytest.fixture
def spatialdata():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its libraries warn of each other's next versions
        yield pytest.importorskip("spatialdata", reason="needs the extra: scverse")


@settings(max_examples=15)
@given(result=results_on_slides())
def test_anndata_reads_the_values_as_they_were_computed_and_where_the_tiles_lie(tmp_path_factory, result):
    path = tmp_path_factory.mktemp("anndata") / "drawn.h5ad"

    write_anndata(result, path)

    table = anndata.read_h5ad(path)
    measured = measure_tiles(result.prediction)
    assert list(table.var_names) == list(measured)
    assert all(same(table[:, name].X[:, 0], values) for name, values in measured.items())
    assert np.array_equal(table.obsm["spatial"], result.tiles.xy_px0 + 50)
    assert np.array_equal(table.obs[["x_px0", "y_px0"]], result.tiles.xy_px0)
    for number, stage in enumerate(result.prediction.stages, start=1):
        assert np.array_equal(table.obs["claimed_by"] == f"Stage {number}", stage.claimed)


def test_verdicts_and_facts_stand_in_the_table(tmp_path):
    prediction = dataclasses.replace(a_prediction(30), classes=("a/b (c)", "正常"))
    said = Annotations().with_verdict(Verdict(stage=0, label="tumour", at=""))

    write_anndata(a_result(prediction=prediction), tmp_path / "a.h5ad", said)

    table = anndata.read_h5ad(tmp_path / "a.h5ad")
    assert (table.obs["verdict"] == "tumour").sum() == prediction.stages[0].claimed.sum()
    assert {"P(a/b (c))", "P(正常)", "slide_quick_hash"} <= set(json.loads(table.uns["msm_mil"]))


@pytest.mark.parametrize("mpp", [0.499, None])
def test_spatialdata_reads_tiles_table_and_maps_in_level_0_pixels_and_micrometres(tmp_path, spatialdata, mpp):
    tiles = tile_grid([(3, 2), (4, 2), (9, 20)])
    prediction = dataclasses.replace(a_prediction(3, S=2), classes=("a/b (c)", "正常"))
    result = a_result(tiles, slide=slide_facts(mpp=mpp), prediction=prediction)

    write_spatialdata(result, tmp_path / "a.zarr", options=MapOptions(maps="rank"))

    data = spatialdata.read_zarr(tmp_path / "a.zarr")
    assert set(data.coordinate_systems) == ({"global"} if mpp is None else {"global", "micrometer"})
    for system in data.coordinate_systems:
        side = 100 * (mpp if system == "micrometer" else 1)
        placed = spatialdata.transform(data["tiles"], to_coordinate_system=system)
        corners = placed.bounds[["minx", "miny"]].to_numpy()
        np.testing.assert_allclose(corners, tiles.xy_px0 / 100 * side)
        extent = spatialdata.get_extent(data["stage_maps"], coordinate_system=system)
        np.testing.assert_allclose((*extent["x"], *extent["y"]), (0, 23 * side, 0, 30 * side))
    shapes, table = spatialdata.join_spatialelement_table(
        sdata=data, spatial_element_names="tiles", table_name="tile_table"
    )
    assert len(shapes["tiles"]) == table.n_obs == 3
    image = data["stage_maps"]
    assert list(image.coords["c"].values) == ["Stage 1 rank", "Stage 2 rank"]
    col, row = (tiles.xy_px0 // 100).T
    for name in image.coords["c"].values:
        assert same(image.sel(c=name).values[row, col], measure_tiles(prediction)[name])
        assert same(table[:, name].X[:, 0], measure_tiles(prediction)[name])


def test_a_spatialdata_folder_is_known_and_replaced(tmp_path, spatialdata):
    path = tmp_path / "a.zarr"
    write_spatialdata(a_result(), path)
    assert is_spatialdata(path)

    write_spatialdata(a_result(tile_grid([(1, 1)]), prediction=a_prediction(1)), path)

    assert spatialdata.read_zarr(path)["tile_table"].n_obs == 1
    assert [each.name for each in tmp_path.iterdir()] == ["a.zarr"]
