"""The commands msm-mil explain and msm-mil whatif, called as a user calls them."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from msm_mil_core.cli.app import call
from msm_mil_core.mil.predict import predict, predict_bag
from msm_mil_core.results.annotations import load_annotations
from msm_mil_core.results.result_file import load_result, save_result
from tests.models import a_bag, a_checkpoint
from tests.results import a_result, block_of_tiles

CHECKPOINT, BAG = a_checkpoint(), a_bag(30)


@pytest.fixture
def result(tmp_path):
    predicted = predict_bag(CHECKPOINT, BAG, device="cpu")
    drawn = a_result(block_of_tiles(6, 5), prediction=predicted.prediction)
    save_result(replace(drawn, tile_outputs=predicted.tile_outputs), tmp_path / "drawn.msm.h5")
    return str(tmp_path / "drawn.msm.h5")


def printed(capsys):
    return " ".join(capsys.readouterr().out.split())


def test_an_examination_tells_stage_by_stage_and_which_tiles_decide(result, capsys):
    code = call(["explain", result, "--stability.runs", "5", "--faithfulness.draws", "3"])

    words = printed(capsys)
    assert code == 0
    for told in (
        "Stage 1 looks at 3 tiles that argue",
        "Removing the 3 tiles of stage 2",
        "Over 5 runs with 20 %",
        "suffice",
        "all stages",
    ):
        assert told in words
    assert re.search(r"random\W+0\.\d{3} ± 0\.\d{3}\W+0\.\d{3} ± 0\.\d{3}", words)


def test_an_examination_as_json_is_one_line_a_result(result, capsys):
    code = call(["explain", result, result.replace("drawn", "absent"), "--json"])

    good, failed = map(json.loads, capsys.readouterr().out.splitlines())
    assert code == 1
    assert [effect["stage"] for effect in good["effects"]] == [1, 2, 3]
    assert [role["stage"] for role in good["roles"]] == [1, 2, 3]
    assert good["roles"][0]["class"] == good["answer"]
    assert good["roles"][0]["probability_without"] == pytest.approx(good["effects"][0]["without"])
    assert len(good["curves"][0]["deletion"]) == len(good["shares"])
    assert {found["kind"] for found in good["smallest_sets"]} == {"flip", "sufficient"}
    assert "There is no result file" in failed["error"]


@pytest.fixture
def truth(tmp_path):
    rings = [[[0, 0], [300, 0], [300, 500], [0, 500], [0, 0]]]
    geometry = {"type": "Polygon", "coordinates": rings}
    feature = {"type": "Feature", "geometry": geometry, "properties": {"classification": {"name": "Tumor"}}}
    (tmp_path / "known.geojson").write_text(json.dumps(feature))
    return str(tmp_path / "known.geojson")


def test_known_areas_tell_how_well_each_map_points_at_them(result, truth, capsys):
    code = call(["explain", result, "--truth", truth, "--stability.runs", "2", "--faithfulness.draws", "2"])

    words = printed(capsys)
    assert code == 0
    assert "15 in Tumor, of 30" in words
    assert re.search(r"Attention of stage 3\W+[01]\.\d{3}\*", words)


def test_known_areas_are_measured_in_json_too(result, truth, capsys):
    call(["explain", result, "--truth", truth, "--json"])

    found = json.loads(capsys.readouterr().out)["localisation"]
    assert found["targets"] == {"Tumor": 15}
    assert [each["stage"] for each in found["maps"]][-4:] == [None, 1, 2, 3]
    assert all(0 <= each["auc"]["Tumor"] <= 1 for each in found["maps"])


def test_a_question_is_answered_as_a_run_on_what_is_left_would_be(result, capsys):
    code = call(["whatif", result, "--remove", "stage1", "--remove", "tiles:0,1", "--json"])

    answer = json.loads(capsys.readouterr().out)
    left = ~load_result(Path(result)).prediction.stages[0].claimed
    left[[0, 1]] = False
    run = predict(CHECKPOINT, BAG[left], device="cpu")
    assert code == 0
    assert answer["left"] == left.sum()
    np.testing.assert_allclose(list(answer["after"].values()), run.probabilities, atol=1e-5)


def test_a_question_is_told_in_a_table(result, capsys):
    call(["whatif", result, "--keep", "stage3:top50"])

    words = printed(capsys)
    assert "Only the top 50 % of stage 3" in words
    assert "weight of stage 2" in words


def test_a_region_of_qupath_is_asked_about(result, tmp_path, capsys):
    ring = [[0, 0], [200, 0], [200, 100], [0, 100], [0, 0]]
    area = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    (tmp_path / "gland.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [area]}))

    call(["whatif", result, "--remove-region", str(tmp_path / "gland.geojson"), "--json"])

    answer = json.loads(capsys.readouterr().out)
    assert answer["left"] == 28
    assert answer["question"] == "without the regions of gland.geojson"


def test_a_named_question_is_kept_with_the_result(result, capsys):
    call(["whatif", result, "--remove", "stage1", "--name", "Without the gland?"])

    (kept,) = load_annotations(Path(result)).questions
    assert str(kept.question) == "Without the gland?"
    assert kept.left == 27


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--remove", "the gland"], "names no tiles"),
        (["--remove", "stage9"], "There is no stage 9"),
        (["--keep", "stage1", "--remove", "stage1"], "Nothing is left to ask about"),
    ],
)
def test_a_question_that_cannot_be_asked_ends_in_a_sentence(result, capsys, words, why):
    code = call(["whatif", result, *words])

    assert code == 2
    assert why in capsys.readouterr().err


@pytest.mark.parametrize("command", ["explain", "whatif"])
def test_a_result_of_the_preset_paper_says_why_it_cannot_be_questioned(tmp_path, capsys, command):
    save_result(a_result(preset="paper"), tmp_path / "paper.msm.h5")

    code = call([command, str(tmp_path / "paper.msm.h5")])

    assert code == {"explain": 1, "whatif": 2}[command]  # the first takes many results
    assert "preset paper" in capsys.readouterr().err
