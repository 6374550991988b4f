"""Models of one stage, gated ABMIL and the mean of tiles, go through every command as those of several stages do."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from msm_mil_core.cli.app import call
from msm_mil_core.mil.model_file.checkpoint import load_checkpoint, save_checkpoint
from msm_mil_core.results.result_file import load_result
from tests.bags import a_training_folder
from tests.models import a_checkpoint
from tests.slides import a_drawn_slide


@pytest.fixture(scope="module", params=["abmil", "mean"])
def result(request, tmp_path_factory) -> Path:
    """The result of a drawn slide by an untrained model of one stage."""
    folder = tmp_path_factory.mktemp(request.param)
    made = a_checkpoint(request.param, features=1280)
    model = save_checkpoint(replace(made, side_px=32, mpp=4.0, encoder_sha256=""), folder / "m.safetensors").path
    slide = a_drawn_slide(folder / "drawn.tiff").path
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        assert call(["run", str(slide), "--model", str(model), "--out", str(folder)]) == 0
    return folder / "drawn.msm.h5"


def test_a_result_has_one_stage_whose_evidence_adds_up_to_the_logits(result):
    prediction = load_result(result).prediction

    (stage,) = prediction.stages
    assert stage.beta == 1
    np.testing.assert_allclose(np.nansum(stage.evidence, axis=-2) + prediction.bias, prediction.logits, atol=1e-4)
    if result.parent.name.startswith("mean"):
        np.testing.assert_allclose(stage.attention, 1 / len(stage.attention), rtol=1e-5)


@pytest.mark.parametrize(
    "words",
    [
        ["compare", "{result}"],
        ["explain", "{result}"],
        ["whatif", "{result}", "--remove", "stage1:top5"],
        ["report", "{result}", "--out", "{out}"],
        ["export", "{result}", "--to", "geojson", "--out", "{out}"],
        ["export", "{result}", "--to", "csv", "--out", "{out}"],
        ["export", "{result}", "--to", "png", "--out", "{out}"],
        ["models", "{model}", "--full"],
    ],
    ids=lambda words: " ".join(words[:1] + words[2:4]),
)
def test_every_command_takes_a_result_of_one_stage(result, words, tmp_path, capsys):
    given = {"result": result, "out": tmp_path, "model": result.parent / "m.safetensors"}

    code = call([word.format(**given) for word in words])

    assert code == 0, capsys.readouterr().err


@pytest.mark.parametrize("name", ["abmil", "mean"])
def test_a_preset_of_one_stage_is_checked_trained_and_evaluated(name, tmp_path, capsys):
    words = [*a_training_folder(tmp_path / "bags"), "--preset", name]
    model = tmp_path / f"{name}.safetensors"

    assert call([*words, "--out", str(model)]) == 0, capsys.readouterr().err

    trained, printed = load_checkpoint(model), capsys.readouterr().out
    assert (trained.options.preset, trained.options.stages) == (name, 1)
    assert "Beside simpler models" in printed
    assert "earned their keep" not in printed  # there are no stages to judge
    of_run = tmp_path / f"{name}.run"
    labels = ["--labels", str(of_run / "split.csv")]
    assert call(["evaluate", str(tmp_path / "bags"), *labels, "--model", str(model), "--model", str(model)]) == 0
    others = {one["model"] for one in json.loads((of_run / "baselines.json").read_text())["baselines"]}
    assert others == {"gated ABMIL", "mean of tiles", "ridge on mean features"} - {
        {"abmil": "gated ABMIL", "mean": "mean of tiles"}[name]
    }


@pytest.mark.parametrize("name", ["abmil", "mean"])
def test_a_preset_of_one_stage_is_trained_in_folds(name, tmp_path, capsys):
    words = [*a_training_folder(tmp_path / "bags"), "--preset", name, "--folds", "2"]

    code = call([*words, "--out", str(tmp_path / "m.safetensors")])

    assert code == 0
    assert "Beside simpler models" not in capsys.readouterr().out
    assert load_checkpoint(tmp_path / "m.fold2.seed0.safetensors").options.preset == name
