"""The command msm-mil compare A --against B, called as a user calls it."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from msm_mil_core.cli.app import call
from msm_mil_core.results.result_file import save_result
from tests.class_maps import a_class_map_result
from tests.results import a_prediction, a_result, block_of_tiles, slide_facts, tile_grid


def a_file(path, *, seed=0, name="fold", tiles=None, **changes) -> str:
    tiles = block_of_tiles(6, 5) if tiles is None else tiles
    result = a_result(tiles, prediction=a_prediction(len(tiles), seed=seed), **changes)
    save_result(replace(result, model=replace(result.model, name=name)), path)
    return str(path)


@pytest.fixture
def two(tmp_path):
    return a_file(tmp_path / "a.msm.h5"), a_file(tmp_path / "b.msm.h5", seed=1)


def printed(capsys) -> str:
    return " ".join(capsys.readouterr().out.split())


def last_line(capsys) -> str:
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_two_models_are_compared_in_a_table_and_in_words(two, capsys):
    code = call(["compare", two[0], "--against", two[1], "--top-percent", "10"])

    words = printed(capsys)
    assert code == 0
    for told in ("fold (a) and fold (b)", "all stages by their weight", "rank correlation", "Of 30 tiles", "of both"):
        assert told in words


def test_several_folds_and_a_model_made_elsewhere_stand_beside_each_other(two, tmp_path, capsys):
    save_result(a_class_map_result(), tmp_path / "clam.msm.h5")

    code = call(["compare", two[0], "--against", two[1], "--against", str(tmp_path / "clam.msm.h5"), "--json"])

    found = json.loads(capsys.readouterr().out)
    assert code == 0
    assert [model["name"] for model in found["models"]] == ["fold (a)", "fold (b)", "drawn model"]
    assert len(found["pairs"]) == 3
    assert sum(found["tiles_by_agreement"].values()) == found["tiles"] == 30


def test_a_table_has_a_row_for_every_tile(two, tmp_path, capsys):
    words = ["compare", two[0], "--against", two[1], "--csv", str(tmp_path / "tiles.csv")]

    assert call(words) == 0
    with (tmp_path / "tiles.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 30
    ranks = np.array([[float(row[f"rank, fold ({name})"]) for name in "ab"] for row in rows])
    np.testing.assert_allclose(ranks.std(axis=1), [float(row["spread of rank"]) for row in rows], atol=1e-5)
    assert call(words) == 2
    assert "already exists" in last_line(capsys)


def test_another_tile_grid_is_resampled_and_said(two, tmp_path, capsys):
    other = a_file(tmp_path / "c.msm.h5", name="other", tiles=block_of_tiles(12, 10, side_px0=50))

    code = call(["compare", two[0], "--against", other])

    assert code == 0
    assert "resampled by area to 30 of the 30 tiles" in printed(capsys)


@pytest.mark.parametrize("change", [{"quick_hash": "ab"}, {"size_px0": (2220, 2968)}])
def test_another_slide_is_refused(two, tmp_path, capsys, change):
    slide = replace(slide_facts(), **change)
    other = a_file(tmp_path / "c.msm.h5", slide=replace(slide, name="other.svs"))

    code = call(["compare", two[0], "--against", other])

    assert code == 2
    assert "c.msm.h5 is of the slide other.svs, not of drawn.svs" in last_line(capsys)


@pytest.mark.parametrize("wrong", [["{a}", "{b}", "--against", "{b}"], ["{a}", "--against", "none.msm.h5"]])
def test_wrong_use_is_one_line_and_exit_code_2(two, wrong, capsys):
    code = call(["compare", *(word.format(a=two[0], b=two[1]) for word in wrong)])

    assert code == 2
    assert last_line(capsys).startswith("msm-mil: ")


def test_another_file_of_the_same_name_is_refused_and_told_apart(two, tmp_path, capsys):
    slide = replace(slide_facts((2000, 1000)), quick_hash="ab")
    other = a_file(tmp_path / "c.msm.h5", slide=slide)

    code = call(["compare", two[0], "--against", other])

    assert code == 2
    assert "another file of the name drawn.svs, of 2000 x 1000 pixels" in last_line(capsys)


@pytest.mark.parametrize("where", ["apart", "off the grid", "over each other", "one tile"])
def test_whatever_the_tiles_of_another_run_it_is_compared_or_said(two, tmp_path, capsys, where):
    tiles = {
        "apart": tile_grid([(20, 20), (21, 20)]),
        "off the grid": replace(block_of_tiles(5, 4), xy_px0=block_of_tiles(5, 4).xy_px0 + 37),
        "over each other": replace(block_of_tiles(9, 8, 50), side_px0=100),
        "one tile": tile_grid([(2, 2)]),
    }[where]
    other = a_file(tmp_path / "c.msm.h5", name="other", tiles=tiles)

    code = call(["compare", two[0], "--against", other])

    words = printed(capsys)
    said = {"apart": "No tile is known to two of them", "one tile": "other has 1 of the 30 tiles"}
    assert code == 0
    assert said.get(where, "resampled by area") in words


def test_which_result_is_named_first_changes_no_figure_where_tiles_are_the_same(two, capsys):
    found = []
    for one, other in (two, two[::-1]):
        assert call(["compare", one, "--against", other, "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out))

    (first,), (second,) = found[0]["pairs"], found[1]["pairs"]
    assert first["overlap"] == pytest.approx(second["overlap"])
    assert first["rank_correlation"] == pytest.approx(second["rank_correlation"])
    assert found[0]["tiles_by_agreement"] == found[1]["tiles_by_agreement"]
