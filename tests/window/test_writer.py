"""File > Save: the result of the saved layers as GeoJSON."""

import json

import h5py
import numpy as np
import pytest
from napari.layers import Layer

from msm_mil_core.errors import OutputError
from msm_mil_core.results.annotations import Annotations, Verdict, save_annotations
from msm_mil_core.results.result_file import save_result
from napari_msm_mil import _writer
from napari_msm_mil.files.folders import Folders
from napari_msm_mil.layers.layer_data import stage_layers
from tests.results import a_result


@pytest.fixture(autouse=True)
def own_results(plugin, monkeypatch, tmp_path):
    monkeypatch.setattr(_writer, "user_folders", lambda: Folders(tmp_path / "results", tmp_path / "features"))


def show(viewer, result):
    return [viewer.add_layer(Layer.create(*data)) for data in stage_layers(result)]


def save(viewer, path):
    """Show a result that is saved in a file, as the dock does."""
    result = a_result()
    save_result(result, path)
    for layer in show(viewer, result):
        layer.metadata["file"] = path
    return result


def tiles_in(path):
    features = json.loads(path.read_text())["features"]
    return [feature for feature in features if feature["properties"]["objectType"] == "tile"]


@pytest.mark.parametrize("chosen", [0, 2, 3])
def test_any_layer_of_a_result_saves_the_whole_result(viewer, tmp_path, chosen):
    result = a_result()
    viewer.layers.selection = {show(viewer, result)[chosen]}

    saved = viewer.layers.save(str(tmp_path / "out.geojson"), selected=True, plugin="napari-msm-mil")

    assert saved == [str(tmp_path / "out.geojson")]
    tiles = tiles_in(tmp_path / "out.geojson")
    assert len(tiles) == len(result.tiles)
    assert {"Stage 1 attention", "Stage 3 attention"} <= tiles[0]["properties"]["measurements"].keys()


def test_all_layers_of_the_viewer_save_the_one_result_among_them(viewer, tmp_path):
    viewer.add_image(np.zeros((8, 8, 3), np.uint8))
    show(viewer, a_result())

    viewer.layers.save(str(tmp_path / "out.geojson"))

    assert len(tiles_in(tmp_path / "out.geojson")) == 30


def test_verdicts_that_are_saved_with_the_result_go_along(viewer, tmp_path):
    result = save(viewer, tmp_path / "drawn.msm.h5")
    said = Annotations().with_verdict(Verdict(stage=1, label="tumour", at=""))
    save_annotations(said, tmp_path / "drawn.msm.h5")

    viewer.layers.save(str(tmp_path / "out.geojson"))

    labelled = [one["properties"].get("name") == "tumour" for one in tiles_in(tmp_path / "out.geojson")]
    assert labelled == result.prediction.stages[1].claimed.tolist()


def test_annotations_that_cannot_be_read_are_reported_and_the_result_is_written(viewer, tmp_path, notes):
    save(viewer, tmp_path / "drawn.msm.h5")
    with h5py.File(tmp_path / "drawn.msm.h5", "r+") as file:
        file["notebook"] = "damaged"

    viewer.layers.save(str(tmp_path / "out.geojson"))

    assert len(tiles_in(tmp_path / "out.geojson")) == 30
    assert [message.startswith("Written without annotations") for _, message in notes] == [True]


def test_layers_without_a_result_are_refused_in_words(viewer, tmp_path):
    viewer.add_image(np.zeros((8, 8)))

    with pytest.raises(OutputError, match=r"out\.geojson: no layer shows an MSM-MIL result"):
        viewer.layers.save(str(tmp_path / "out.geojson"))

    assert list(tmp_path.iterdir()) == []


def test_two_results_are_not_mixed(viewer, tmp_path):
    show(viewer, a_result())
    show(viewer, a_result())

    with pytest.raises(OutputError, match="the layers show 2"):
        viewer.layers.save(str(tmp_path / "out.geojson"))

    assert list(tmp_path.iterdir()) == []
