"""What the stages of a result are for, as titles, rows and JSON."""

import json
from dataclasses import replace

import numpy as np
import pytest

from msm_mil_core.explain.stage_role import stage_roles
from msm_mil_core.export.tables.roles import ROLE_COLUMNS, answer_roles
from msm_mil_core.mil.predict import predict_bag
from msm_mil_core.results.result_file import load_result, save_result
from tests.models import a_bag, a_checkpoint
from tests.results import a_prediction, a_result, block_of_tiles


def a_questionable_result(**changes):
    predicted = predict_bag(a_checkpoint(**changes), a_bag(30), device="cpu")
    result = a_result(block_of_tiles(6, 5), prediction=predicted.prediction)
    return replace(result, tile_outputs=predicted.tile_outputs)


def test_roles_are_for_the_most_probable_class():
    result = a_questionable_result(classes=3)

    told = answer_roles(result)

    winner = int(result.prediction.probabilities.argmax())
    assert told.answer == result.prediction.classes[winner]
    assert told.roles == stage_roles(result.prediction, result.tile_outputs, winner)


def test_a_row_holds_what_a_role_holds_with_stages_counted_from_1():
    told = answer_roles(a_questionable_result(seed=3))

    for row, role in zip(told.rows(), told.roles, strict=True):
        assert tuple(row) == ROLE_COLUMNS
        assert (row["stage"], row["class"], row["role"]) == (role.stage + 1, told.answer, role.kind)
        assert (row["log_odds"], row["probability_without"]) == (role.evidence, role.without)
        assert row["same_as"] == (None if role.same_as is None else role.same_as + 1)


def test_json_holds_every_row_with_its_sentence():
    told = answer_roles(a_questionable_result())

    record = json.loads(json.dumps(told.record(), allow_nan=False))

    assert [row["sentence"] for row in record["roles"]] == list(told.sentences)
    assert record["no_roles"] is None


def test_what_is_undefined_is_null():
    predicted = predict_bag(a_checkpoint(min_keep=0, k=1), a_bag(1), device="cpu")
    result = a_result(block_of_tiles(1, 1), prediction=predicted.prediction)

    row = answer_roles(replace(result, tile_outputs=predicted.tile_outputs)).rows()[1]

    assert (row["tiles"], row["log_odds"], row["log_odds_chance_low"]) == (0, None, None)


@pytest.mark.parametrize(
    ("result", "why"),
    [
        (a_result(), "Run the slide again"),
        (a_result(prediction=a_prediction(30, evidence=False), preset="paper"), "preset paper"),
    ],
)
def test_a_result_without_tile_outputs_says_why_there_is_no_role(result, why):
    told = answer_roles(result)

    record = told.record()
    assert (told.roles, told.rows(), record["roles"]) == ((), [], [])
    assert why in record["no_roles"]
    assert told.sentences == (told.no_roles,)
    assert (told.title(1), told.marks(1)) == ("Stage 2", "")


def test_a_title_names_the_stage_and_its_role():
    told = answer_roles(a_questionable_result())
    kinds = (replace(told.roles[0], kind=kind) for kind in ("context", "against", None))

    titles = [replace(told, roles=(each,)).title(0) for each in kinds]

    assert titles == ["Stage 1: context", f"Stage 1: against {told.answer}", "Stage 1: no role"]


def test_marks_are_one_line():
    told = answer_roles(a_questionable_result())
    marked = replace(told.roles[0], only_leftovers=True, same_as=0, adds_nothing=True)

    assert replace(told, roles=(marked,)).marks(0) == "shown only leftovers, adds nothing here"


def test_roles_survive_a_result_file(tmp_path):
    result = a_questionable_result(seed=2)
    save_result(result, tmp_path / "a.msm.h5")

    before, after = answer_roles(result), answer_roles(load_result(tmp_path / "a.msm.h5"))

    assert before.sentences == after.sentences
    np.testing.assert_allclose([r.evidence for r in before.roles], [r.evidence for r in after.roles], rtol=1e-5)
