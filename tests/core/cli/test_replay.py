"""msm-mil run --like RESULT: the same run again, anywhere; what cannot be found is named."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from msm_mil_core.bags.bag_file import load_bag, save_bag
from msm_mil_core.cli.app import call
from msm_mil_core.mil.model_file.checkpoint import save_checkpoint
from msm_mil_core.results.result_file import load_result, save_result
from tests.models import a_checkpoint
from tests.slides import BOUNDS, a_drawn_slide

REGION = [[[0, 0], [900, 0], [900, 700.5], [0, 700.5], [0, 0]]]


@pytest.fixture(autouse=True)
def own_folders(monkeypatch, tmp_path):
    """Features are kept in a folder of the test's own, and the current folder holds nothing else."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "current").mkdir()
    monkeypatch.chdir(tmp_path / "current")


@pytest.fixture
def model(tmp_path):
    (tmp_path / "models").mkdir()
    checkpoint = replace(a_checkpoint(features=1280), side_px=32, mpp=4.0, encoder_sha256="")
    return save_checkpoint(checkpoint, tmp_path / "models" / "model.safetensors").path


@pytest.fixture
def run(tmp_path, model):
    """Run the model on a drawn slide with further options, and return the result's file."""

    def run(*words, **drawn):
        slide = a_drawn_slide(tmp_path / "drawn.tiff", **drawn).path
        out = tmp_path / "first"
        assert call(["run", str(slide), "--model", str(model), "--out", str(out), *words]) == 0
        return out / "drawn.msm.h5"

    return run


def again(file, tmp_path, *words):
    assert call(["run", "--like", str(file), "--out", str(tmp_path / "second"), *words]) == 0
    (made,) = (tmp_path / "second").glob("*.msm.h5")
    return load_result(made)


def assert_same(first, second):
    assert second.is_same_run(first)
    assert second.options == first.options
    assert second.prediction.logits.tolist() == first.prediction.logits.tolist()


def test_a_result_alone_is_enough_to_make_it_again(run, tmp_path):
    first = run("--tiles.min-tissue", "0.6", "--masks", "always", "--tissue.no-skip-ink")

    second = again(first, tmp_path)

    assert_same(load_result(first), second)
    assert second.options["tiles"]["min_tissue"] == 0.6
    assert second.prediction.masks_applied


def test_the_same_folder_has_nothing_to_do(run, tmp_path, capsys):
    first = run("--tiles.min-tissue", "0.6")
    before = first.read_bytes()

    assert call(["run", "--like", str(first), "--out", str(first.parent)]) == 0

    assert first.read_bytes() == before
    assert "done before" in capsys.readouterr().out


def test_a_pixel_size_that_was_typed_and_a_region_hold_again(run, tmp_path):
    region = tmp_path / "region.geojson"
    region.write_text(json.dumps({"type": "Polygon", "coordinates": REGION}))
    first = run("--mpp", "0.5", "--region", str(region), mpp=None)
    region.unlink()

    second = again(first, tmp_path)

    assert_same(load_result(first), second)
    assert second.slide.mpp == 0.5
    assert second.options["regions_px0"] == load_result(first).options["regions_px0"] is not None


def test_a_region_lies_where_it_lay_on_a_slide_that_qupath_crops(run, tmp_path):
    region = tmp_path / "region.geojson"
    region.write_text(json.dumps({"type": "Polygon", "coordinates": REGION}))
    first = run("--region", str(region), bounds=BOUNDS)

    second = again(first, tmp_path)

    assert second.slide.origin_px0 != (0, 0)
    assert_same(load_result(first), second)


def test_what_is_typed_counts_more(run, tmp_path):
    first = run("--tiles.min-tissue", "0.6", "--masks", "always")

    second = again(first, tmp_path, "--tiles.min-tissue", "0.1")

    assert (second.options["tiles"]["min_tissue"], second.options["masks"]) == (0.1, "always")


def test_other_slides_are_run_in_the_same_way(run, tmp_path):
    first = run("--masks", "always")
    other = a_drawn_slide(tmp_path / "other.tiff").path

    second = again(first, tmp_path, str(other))

    assert second.slide.name == "other.tiff"
    assert second.options["masks"] == "always"


def test_a_model_is_found_beside_the_result(run, tmp_path, model):
    first = run()
    shutil.rmtree(first.parent / ".msm-mil")  # what the run had noted is gone
    model.rename(first.parent / "renamed.safetensors")

    assert_same(load_result(first), again(first, tmp_path))


def test_features_that_were_encoded_before_are_found_where_they_were(run, tmp_path, model):
    encoded = run()
    result = load_result(encoded)
    (cached,) = (tmp_path / "cache").rglob("*.h5")
    save_bag(load_bag(cached), tmp_path / "features.h5")
    (tmp_path / "list.csv").write_text(f"slide,features\n{tmp_path / 'drawn.tiff'},{tmp_path / 'features.h5'}\n")
    out = tmp_path / "from-features"
    assert call(["run", str(tmp_path / "list.csv"), "--model", str(model), "--out", str(out)]) == 0

    second = again(out / "drawn.msm.h5", tmp_path)

    assert_same(load_result(out / "drawn.msm.h5"), second)
    assert np.allclose(second.prediction.logits, result.prediction.logits, atol=1e-4)


def failed(file, tmp_path, capsys, *words):
    assert call(["run", "--like", str(file), "--out", str(tmp_path / "second"), *words]) == 2
    return " ".join(capsys.readouterr().err.split())


def test_a_model_that_is_gone_is_named(run, tmp_path, model, capsys):
    first = run()
    model.unlink()

    said = failed(first, tmp_path, capsys)

    assert load_result(first).model.sha256[:12] in said
    assert "Name it with --model" in said


def test_another_model_is_refused(run, tmp_path, model, capsys):
    first = run()
    other = save_checkpoint(
        replace(a_checkpoint(features=1280, seed=1), side_px=32, mpp=4.0), tmp_path / "o.safetensors"
    )

    assert "is not the model of" in failed(first, tmp_path, capsys, "--model", str(other.path))


def test_a_slide_that_is_gone_is_named(run, tmp_path, capsys):
    first = run()
    (tmp_path / "drawn.tiff").unlink()

    assert "drawn.tiff is not at" in failed(first, tmp_path, capsys)


def test_an_encoder_with_other_weights_is_named(run, tmp_path, capsys):
    first = load_result(run())
    other = tmp_path / "first" / "other.msm.h5"
    save_result(replace(first, options={**first.options, "encoder_sha256": "ab" * 32}), other)

    said = failed(other, tmp_path, capsys)

    assert "efficientnet-lite0 has other weights here" in said
    assert "abababababab" in said


def test_options_of_another_version_are_named(run, tmp_path, capsys):
    first = load_result(run())
    other = tmp_path / "first" / "other.msm.h5"
    options = {**first.options, "tiles": {**first.options["tiles"], "overlap": 3}}
    save_result(replace(first, options=options), other)

    assert "options that cannot be used here: tiles.overlap" in failed(other, tmp_path, capsys)


def test_neither_slides_nor_a_result_is_said(capsys):
    assert call(["run"]) == 2
    assert "No slide is named" in capsys.readouterr().err
