"""From a slide to what each stage looked at, through real files."""

import json
from dataclasses import replace

import numpy as np
import pytest

from msm_mil_core.analysis_options import AnalysisOptions
from msm_mil_core.display.heatmap import rasterise
from msm_mil_core.errors import CheckpointError, SlideError
from msm_mil_core.export.qupath.export import write_geojson
from msm_mil_core.mil.model_file.checkpoint import save_checkpoint
from msm_mil_core.pipeline import analyse
from msm_mil_core.progress import finish
from msm_mil_core.results.result_file import load_result, save_result
from msm_mil_core.slides.slide import open_slide
from tests.models import a_checkpoint
from tests.seekers import seeker_of
from tests.slides import BOUNDS, a_drawn_slide


@pytest.mark.parametrize("bounds", [None, BOUNDS], ids=["without bounds", "with bounds"])
def test_the_hot_square_is_at_one_place_in_every_output(tmp_path, bounds):
    drawn = a_drawn_slide(tmp_path / ("drawn.scn" if bounds else "drawn.tiff"), bounds=bounds)
    x, y, side, _ = drawn.hot_px0
    origin_x, origin_y = bounds[:2] if bounds else (0, 0)

    with open_slide(drawn.path) as slide:
        result = finish(analyse(slide, seeker_of(drawn, tmp_path), AnalysisOptions()))
    save_result(result, tmp_path / "drawn.msm.h5")
    saved = load_result(tmp_path / "drawn.msm.h5")
    exported = json.loads(write_geojson(saved, tmp_path / "drawn.geojson").read_text())

    for stage in saved.prediction.stages:
        assert saved.tiles.xy_px0[stage.attention.argmax()].tolist() == [x, y]
        heatmap = rasterise(saved.tiles, stage.attention)
        row, col = np.unravel_index(np.nanargmax(heatmap.values), heatmap.values.shape)
        left, top = heatmap.origin_px0
        assert (left + col * heatmap.cell_px0, top + row * heatmap.cell_px0) == (x, y)
    best = next(f for f in exported["features"] if f["properties"].get("name") == "Stage 1 top 1")
    ring = np.array(best["geometry"]["coordinates"][0])
    assert ring.min(axis=0).tolist() == [x - origin_x, y - origin_y]
    assert ring.max(axis=0).tolist() == [x - origin_x + side, y - origin_y + side]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def drawn(folder):
    return a_drawn_slide(folder / "drawn.tiff")


@pytest.fixture(scope="module")
def small_model(folder):
    model = replace(a_checkpoint(features=1280), side_px=32, mpp=4.0, encoder_sha256="")
    return save_checkpoint(model, folder / "small.safetensors")


@pytest.fixture(scope="module")
def first(folder, drawn, small_model):
    """The result of a run that fills the cache."""
    with open_slide(drawn.path) as slide:
        return finish(analyse(slide, small_model, AnalysisOptions(), cache=folder / "cache"))


def test_reused_features_give_the_same_result_and_no_encoding(folder, drawn, small_model, first):
    steps = []
    with open_slide(drawn.path) as slide:
        work = analyse(slide, small_model, AnalysisOptions(), cache=folder / "cache")
        second = finish(_recorded(work, steps))

    assert second.prediction.logits.tolist() == first.prediction.logits.tolist()
    assert "Encoding tiles" not in {step.step for step in steps}


def _recorded(work, steps):
    while True:
        try:
            steps.append(next(work))
        except StopIteration as end:
            return end.value
        yield steps[-1]


def test_a_dropped_run_leaves_nothing_behind(tmp_path, drawn, small_model):
    with open_slide(drawn.path) as slide:
        work = analyse(slide, small_model, AnalysisOptions(), cache=tmp_path / "cache")
        for now in work:
            if now.step == "Encoding tiles":
                break
        work.close()

    assert not list((tmp_path / "cache").rglob("*"))


@pytest.mark.usefixtures("first")
def test_masks_at_inference_show_later_stages_less(folder, drawn, small_model):
    with open_slide(drawn.path) as slide:
        result = finish(analyse(slide, small_model, AnalysisOptions(masks="always"), cache=folder / "cache"))

    shown = [int(np.isfinite(stage.attention).sum()) for stage in result.prediction.stages]
    assert result.prediction.masks_applied
    assert shown == [16, 13, 10]


def test_a_slide_without_mpp_is_asked_about_before_any_work(tmp_path, small_model):
    drawn = a_drawn_slide(tmp_path / "nompp.tiff", mpp=None)

    with open_slide(drawn.path) as slide, pytest.raises(SlideError, match=r"nompp\.tiff.*--mpp"):
        next(analyse(slide, small_model, AnalysisOptions()))


def test_a_model_for_other_features_is_refused_before_any_tile_is_read(tmp_path, drawn):
    model = save_checkpoint(a_checkpoint(features=12), tmp_path / "other.safetensors")

    with open_slide(drawn.path) as slide, pytest.raises(CheckpointError, match="1280 features"):
        next(analyse(slide, model, AnalysisOptions()))


def test_a_result_says_what_it_was_made_with(small_model, first):
    assert first.options["encoder"] == "efficientnet-lite0"
    assert first.options["tiles"] == {"side_px": 32, "mpp": 4.0, "min_tissue": 0.25}
    assert first.model.sha256 == small_model.sha256
    assert {"numpy", "torch", "openslide-python"} <= first.versions.keys()


def test_a_cache_that_cannot_be_written_does_not_stop_a_run(tmp_path, drawn, small_model, caplog):
    (tmp_path / "cache").write_text("a file where the folder should be")

    with open_slide(drawn.path) as slide:
        result = finish(analyse(slide, small_model, AnalysisOptions(), cache=tmp_path / "cache"))

    assert len(result.tiles) == 16
    assert "not cached" in caplog.text
