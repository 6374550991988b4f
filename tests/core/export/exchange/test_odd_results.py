"""Every export, of every kind of result and to any target, is whole, or a sentence says why not and nothing is left."""

import dataclasses
import json
import signal
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from msm_mil_core.errors import OutputError
from msm_mil_core.export.exchange.exchange_format import EXCHANGE_FORMATS
from msm_mil_core.export.exchange.map_options import MapOptions
from msm_mil_core.export.exchange.stage_maps import draw_maps
from msm_mil_core.export.exchange.tile_table import tile_table
from msm_mil_core.export.exchange.write import write_exchange
from msm_mil_core.export.figures.result_figure import write_figure
from msm_mil_core.export.qupath.companions import write_for_qupath
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.export.qupath.tile_features import qupath_class
from msm_mil_core.export.tables.measurements import measure_tiles
from msm_mil_core.export.tables.result_tables import write_csv
from msm_mil_core.results.annotations import Annotations, Verdict
from msm_mil_core.slides.tiling.tiles import TileGrid
from tests.class_maps import a_class_map_result
from tests.groovy import values_of
from tests.results import a_prediction, a_result, block_of_tiles, slide_facts, tile_grid

NEEDS = {"parquet": "pyarrow", "h5ad": "anndata", "spatialdata": "spatialdata"}
FORMATS = [
    pytest.param(to, marks=pytest.mark.skipif(find_spec(NEEDS.get(to, "numpy")) is None, reason="its extra is missing"))
    for to in ("geojson", "csv", "png", *(each for each in EXCHANGE_FORMATS if each != "dicom"))
]
SAID = Annotations(verdicts=(Verdict(stage=0, label="tumour \u00e9\x01", at=""),))


def tiles_at(*places, side=100) -> TileGrid:
    return TileGrid(np.array(places, np.int64), side_px0=side, side_px=96, mpp=0.52)


def called(*classes, slide="drawn.svs"):
    prediction = dataclasses.replace(a_prediction(30), classes=classes)
    return a_result(prediction=prediction, slide=dataclasses.replace(slide_facts(), name=slide))


def unseen(stage):
    prediction = a_prediction(30)
    attention = np.full(30, np.nan, np.float32)
    stages = [
        dataclasses.replace(each, attention=attention) if at == stage else each
        for at, each in enumerate(prediction.stages)
    ]
    return a_result(prediction=dataclasses.replace(prediction, stages=tuple(stages)))


RESULTS = {
    "one stage": a_result(prediction=a_prediction(30, S=1)),
    "one tile": a_result(tile_grid([(3, 4)]), prediction=a_prediction(1)),
    "no pixel size": a_result(slide=slide_facts(mpp=None)),
    "names of any kind": called('Größe "a" & <b>', "b\x01/é 日", slide='日本 "é" & <b>\x01.svs'),
    "names that become the same": called("a\x01", "a\x02"),
    "overlapping tiles": a_result(tiles_at((0, 0), (50, 0), (0, 50), (137, 9)), prediction=a_prediction(4)),
    "two tiles in one place": a_result(tiles_at((0, 0), (0, 0), (300, 0)), prediction=a_prediction(3)),
    "tiles over the edge": a_result(tiles_at((-50, -50), (2200, 2950)), prediction=a_prediction(2)),
    "no evidence": a_result(prediction=a_prediction(30, evidence=False)),
    "nothing claimed": a_result(prediction=a_prediction(30, K=0)),
    "hidden from later stages": a_result(prediction=a_prediction(30, masks=True)),
    "a stage that saw nothing": unseen(2),
    "bounds": a_result(slide=slide_facts(bounds=(150, 250, 1000, 900))),
}


def write(result, target, to):
    if to == "geojson":
        write_for_qupath(result, target, GeoJsonOptions(hot_spots_percent=20), SAID)
    elif to == "csv":
        write_csv(result, target, SAID)
    elif to == "png":
        write_figure(result, None, target)
    else:
        write_exchange(result, target, target, to, (MapOptions(), SAID))


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("kind", [*RESULTS, "maps of classes"])
def test_every_result_is_written(tmp_path, to, kind):
    result = RESULTS[kind] if kind in RESULTS else a_class_map_result()

    write(result, tmp_path / f"drawn.{to}", to)

    there = sorted(each.name for each in tmp_path.iterdir())
    beside = ["drawn.import.groovy", "drawn.provenance.json", "import-all.groovy"] if to == "geojson" else []
    assert there == sorted([f"drawn.{to}", *beside])


@pytest.mark.parametrize("to", FORMATS)
def test_a_target_that_cannot_be_written_is_a_sentence_and_what_is_there_stays(tmp_path, to):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine").write_text("mine")

    for target in (tmp_path / "file" / "deep" / "x", tmp_path / "folder", tmp_path / ("n" * 300), tmp_path / "a\0b"):
        with pytest.raises(OutputError, match="Cannot write"):
            write(a_result(), target, to)

    assert (tmp_path / "file").read_text() == (tmp_path / "folder" / "mine").read_text() == "mine"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.parametrize("to", FORMATS)
def test_a_folder_that_is_missing_is_made_and_the_name_is_the_users(tmp_path, to):
    write(a_result(), tmp_path / "new" / "er" / "of another.kind", to)

    assert (tmp_path / "new" / "er" / "of another.kind").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="files are limited as POSIX does")
@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("room", [0, 3000])
def test_where_the_disk_is_full_it_is_a_sentence_and_nothing_is_left(tmp_path, to, room):
    import resource

    result = a_result(block_of_tiles(40, 40), slide=slide_facts((4000, 4000)), prediction=a_prediction(1600))
    write(result, tmp_path / "first" / "drawn", to)  # whatever is written once, such as caches of fonts
    before, (soft, hard) = signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        with pytest.raises(OutputError, match=r"Cannot write|did not read back"):
            write(result, tmp_path / "full" / "drawn", to)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)

    assert list((tmp_path / "full").iterdir()) == []


def test_names_that_become_the_same_stay_two_columns_and_two_maps():
    result = RESULTS["names that become the same"]

    table, maps = tile_table(result, Annotations()), draw_maps(result, MapOptions(maps="evidence"))

    assert maps.names == ("Evidence a ", "Evidence a  (2)")
    assert len(table.measurements) == len(measure_tiles(result.prediction))
    assert set(maps.names) <= set(table.measurements)


def test_tiles_over_the_edge_keep_their_place_on_the_map():
    result = RESULTS["tiles over the edge"]

    maps = draw_maps(result)

    attention = result.prediction.stages[0].attention
    for (x, y), value in zip(result.tiles.xy_px0 + 50, attention, strict=True):
        col, row = int((x - maps.origin_px0[0]) / maps.cell_px0), int((y - maps.origin_px0[1]) / maps.cell_px0)
        assert maps.values[0, row, col] == value


def test_of_tiles_in_one_place_qupath_gets_the_first(tmp_path):
    written = write_for_qupath(RESULTS["two tiles in one place"], tmp_path / "drawn.geojson", GeoJsonOptions(top_k=0))

    features = json.loads(written.geojson.read_text())["features"]
    assert [feature["geometry"]["coordinates"][0][0] for feature in features] == [[0, 0], [300, 0]]
    assert json.loads(written.provenance.read_text())["objects"]["tiles_outside_the_image"] == 1


def test_classes_have_names_that_qupath_takes(tmp_path):
    result = a_class_map_result()
    classes = ("nor\nmal", "Tumor: Positive", "LUSC")
    named = dataclasses.replace(result, prediction=dataclasses.replace(result.prediction, classes=classes))

    written = write_for_qupath(named, tmp_path / "drawn.geojson", GeoJsonOptions(all_tiles=False, top_k=1))

    features = json.loads(written.geojson.read_text())["features"]
    names = [feature["properties"]["classification"]["name"] for feature in features]
    assert names == ["Map of nor mal", "Map of Tumor - Positive", "Map of LUSC"]
    assert names == list(map(qupath_class, named.prediction.map_names))
    assert list(values_of(written.script.read_text("ascii"))["colours"]) == names
