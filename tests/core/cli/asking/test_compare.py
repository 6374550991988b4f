"""The command msm-mil compare, called as a user calls it."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from msm_mil_core.cli.app import call
from msm_mil_core.mil.predict import predict_bag
from msm_mil_core.results.result_file import save_result
from tests.models import a_bag, a_checkpoint
from tests.results import a_prediction, a_result, block_of_tiles, slide_facts


def a_result_file(path: Path, *, mpp=0.5, **changes) -> str:
    """A result of 30 drawn tiles; `changes` are those of a drawn prediction."""
    save_result(
        a_result(block_of_tiles(6, 5), slide=slide_facts(mpp=mpp), prediction=a_prediction(30, **changes)), path
    )
    return str(path)


@pytest.fixture
def result(tmp_path: Path) -> str:
    return a_result_file(tmp_path / "drawn.msm.h5")


def printed(capsys) -> str:
    return " ".join(capsys.readouterr().out.split())


def last_line(capsys) -> str:
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_stages_are_compared_in_a_table_and_in_words(result, capsys):
    code = call(["compare", result, "--top-percent", "10", "--draws", "5"])

    words = printed(capsys)
    assert code == 0
    for told in ("drawn.svs, top 10 %", "1 and 2", "1 and 3", "2 and 3", "distance, µm", "95 % of chance"):
        assert told in words
    assert "Stage 1: its top 10 % are 3 tiles (0.01 mm²)." in words
    assert "a random claim would add 2.7" in words
    assert "by construction" not in words
    assert "no role can be given to a stage" in words


def test_masks_at_inference_are_told_to_make_claims_disjoint(tmp_path, capsys):
    call(["compare", a_result_file(tmp_path / "a.msm.h5", masks=True), "--draws", "2"])

    assert "by construction" in printed(capsys)


def test_stages_that_add_nothing_are_told(result, capsys):
    call(["compare", result, "--top-percent", "100", "--draws", "2"])

    assert "From stage 2 on, no stage adds tissue" in printed(capsys)


def test_without_micrometres_the_table_is_in_pixels(tmp_path, capsys):
    code = call(["compare", a_result_file(tmp_path / "a.msm.h5", mpp=None), "--draws", "2"])

    words = printed(capsys)
    assert code == 0
    assert "distance, level-0 pixels" in words
    assert "mm²" not in words


def test_a_model_of_one_stage_is_told(tmp_path, capsys):
    code = call(["compare", a_result_file(tmp_path / "a.msm.h5", S=1)])

    assert code == 0
    assert "one stage" in printed(capsys)


def test_json_is_all_that_is_printed_one_line_a_result(tmp_path, result, capsys):
    broken = tmp_path / "broken.msm.h5"
    broken.write_text("no result")

    code = call(["compare", result, str(broken), "--json", "--draws", "2", "--seed", "7"])

    good, failed = map(json.loads, capsys.readouterr().out.splitlines())
    assert code == 1
    assert (good["result"], good["slide"]) == (result, "drawn.svs")
    assert good["options"] == {"top_percent": 5, "draws": 2, "seed": 7}
    assert len(good["pairs"]) == len(good["coverage"]) == 3
    assert good["roles"] == []
    assert "no role can be given" in good["no_roles"]
    assert failed["result"] == str(broken)
    assert "not an HDF5 file" in failed["error"]


def test_a_broken_result_does_not_stop_the_others(tmp_path, result, capsys):
    broken = tmp_path / "broken.msm.h5"
    broken.write_text("no result")

    code = call(["compare", str(broken), result, "--draws", "2"])

    words = printed(capsys)
    assert code == 1
    assert "1 and 2" in words
    assert "broken.msm.h5" in words[words.index("failed") :]


def test_a_csv_is_written_and_kept_unless_overwriting_is_allowed(tmp_path, result, capsys):
    target = tmp_path / "out" / "stages.csv"
    words = ["compare", result, "--csv", str(target), "--draws", "2"]

    code = call(words)

    with target.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert code == 0
    assert [row["stage"] for row in rows] == ["1", "1", "2", "1", "2", "3"]
    assert call(words) == 2
    assert "already exists" in last_line(capsys)
    assert call([*words, "--overwrite"]) == 0


def test_roles_are_told_where_a_result_holds_what_they_need(tmp_path, capsys):
    predicted = predict_bag(a_checkpoint(), a_bag(30), device="cpu")
    result = a_result(block_of_tiles(6, 5), prediction=predicted.prediction)
    save_result(replace(result, tile_outputs=predicted.tile_outputs), tmp_path / "a.msm.h5")

    call(["compare", str(tmp_path / "a.msm.h5"), "--draws", "2", "--csv", str(tmp_path / "stages.csv")])

    with (tmp_path / "stages.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["about"] == "role"]
    words = printed(capsys)
    assert [row["stage"] for row in rows] == ["1", "2", "3"]
    assert {row["class"] for row in rows} == {predicted.prediction.winner}
    assert all(f"Stage {stage} looks at 3 tiles that argue" in words for stage in (1, 2, 3))


def test_one_csv_for_many_results_is_refused_before_any_work(tmp_path, result, capsys):
    code = call(["compare", result, result, "--csv", str(tmp_path / "stages.csv")])

    assert code == 2
    assert "one result" in last_line(capsys)
    assert not (tmp_path / "stages.csv").exists()


@pytest.mark.parametrize("words", [["{folder}/missing.msm.h5"], ["{result}", "--top-percent", "0"], []])
def test_wrong_use_is_one_line_and_exit_code_2(tmp_path, result, words, capsys):
    code = call(["compare", *(word.format(folder=tmp_path, result=result) for word in words)])

    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("msm-mil: ")]
    assert code == 2
    assert len(lines) == 1
