"""Files of the first version, made by it: the model that was bundled then, and a result of a slide that it saved."""

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors
from safetensors.numpy import load_file, save_file

import msm_mil_core as mm
from msm_mil_core.errors import CheckpointError
from msm_mil_core.mil.aggregate import aggregate
from tests.models import a_bag, a_checkpoint

FILES = Path(__file__).parent / "first_version"
MODEL, RESULT = FILES / "oral-mucosa.safetensors", FILES / "skin.msm.h5"


def card_of(path: Path) -> dict:
    with safetensors.safe_open(path, "np") as file:
        return json.loads(file.metadata()["msm-mil"])


def test_its_model_opens_and_what_its_options_lost_stays_in_the_record(tmp_path):
    assert card_of(MODEL)["options"]["lambda_d"] == 0.02
    opened = mm.load_checkpoint(MODEL)
    assert "lambda_d" not in opened.options.model_dump()
    assert opened.record == card_of(MODEL)["record"] | {"lambda_d": 0.02}

    again = mm.load_checkpoint(mm.save_checkpoint(opened, tmp_path / "again.safetensors").path)
    assert card_of(again.path)["format"] == "msm-mil-checkpoint/2"
    assert (again.options, again.record) == (opened.options, opened.record)
    bag = a_bag(40, P=1280)
    np.testing.assert_array_equal(mm.predict(again, bag).logits, mm.predict(opened, bag).logits)


def test_its_result_opens_and_can_be_questioned(tmp_path):
    opened = mm.load_result(RESULT)
    asked = aggregate(opened.tile_outputs)
    np.testing.assert_allclose(asked.logits, opened.prediction.logits, atol=1e-6)
    assert opened.tile_outputs.options == mm.load_checkpoint(MODEL).options

    mm.save_result(opened, tmp_path / "again.msm.h5")
    again = mm.load_result(tmp_path / "again.msm.h5")
    assert again.tile_outputs.options == opened.tile_outputs.options
    np.testing.assert_array_equal(again.prediction.logits, opened.prediction.logits)


def test_a_single_stage_of_the_first_version_answers_with_the_model_s_head(tmp_path):
    saved = mm.save_checkpoint(a_checkpoint(masked_stages=0), tmp_path / "today.safetensors")
    card = card_of(saved.path) | {"format": "msm-mil-checkpoint/1"}
    card["options"]["lambda_d"] = 0.0
    own_head = {"stage_weight": np.ones((1, 2, 16), np.float32), "stage_bias": np.ones((1, 2), np.float32)}
    first = tmp_path / "first.safetensors"
    save_file(load_file(saved.path) | own_head, first, {"msm-mil": json.dumps(card)})

    opened = mm.load_checkpoint(first)
    assert opened.record == saved.record
    prediction = mm.predict(opened, a_bag())
    np.testing.assert_allclose(prediction.stages[0].logits, prediction.logits, atol=1e-6)


@pytest.mark.parametrize("part", ["options", "record"])
def test_a_damaged_card_of_the_first_version_is_refused_as_any_other(tmp_path, part):
    card = card_of(MODEL) | {part: 3}
    save_file(load_file(MODEL), tmp_path / "damaged.safetensors", {"msm-mil": json.dumps(card)})
    with pytest.raises(CheckpointError, match="cannot read"):
        mm.load_checkpoint(tmp_path / "damaged.safetensors")


def test_today_s_files_may_not_have_the_option_that_went(tmp_path):
    saved = mm.save_checkpoint(a_checkpoint(), tmp_path / "today.safetensors")
    card = card_of(saved.path)
    card["options"]["lambda_d"] = 0.1
    save_file(load_file(saved.path), tmp_path / "odd.safetensors", {"msm-mil": json.dumps(card)})
    with pytest.raises(CheckpointError, match="lambda_d"):
        mm.load_checkpoint(tmp_path / "odd.safetensors")
