"""How far stages look at different tissue, beside chance; and the comparison's rows and JSON."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.stats import spearmanr

from msm_mil_core.explain.comparison_options import CompareOptions
from msm_mil_core.explain.coverage import coverage
from msm_mil_core.explain.stage_comparison import compare_stages
from msm_mil_core.export.tables.comparison import comparison_json, comparison_rows, write_comparison_csv
from msm_mil_core.export.tables.roles import AnswerRoles
from msm_mil_core.progress import finish
from tests.results import a_prediction, block_of_tiles, tile_grid

FEW = CompareOptions(draws=3)
NO_ROLES = AnswerRoles("tumour", (), "No role can be given.")


def stages_that_look(*attention):
    """A prediction whose stages attend as drawn, NaN where a tile was not shown."""
    drawn = a_prediction(len(attention[0]), S=len(attention))
    looks = (np.asarray(each, np.float32) for each in attention)
    return replace(drawn, stages=tuple(replace(s, attention=a) for s, a in zip(drawn.stages, looks, strict=True)))


def stages_at(N, *tops):
    """A prediction of N tiles whose stages attend evenly to the tiles of their tops, and to nothing else."""
    return stages_that_look(*(np.isin(np.arange(N), top) / len(top) for top in tops))


def compared(prediction, tiles, *, mpp=0.5, top_percent=5.0, draws=3, seed=0):
    options = CompareOptions(top_percent=top_percent, draws=draws, seed=seed)
    return finish(compare_stages(prediction, tiles, mpp, options))


def figures(pair):
    return pair.overlap, pair.rank_correlation, pair.distance_px0


@given(st.integers(3, 80), st.integers(0, 100), st.floats(1, 100))
def test_identical_stages_overlap_wholly_and_lie_in_one_place(N, seed, percent):
    stage = a_prediction(N, seed=seed).stages[0].attention

    (pair,) = compared(stages_that_look(stage, stage), block_of_tiles(N, 1), top_percent=percent).pairs

    assert figures(pair) == pytest.approx((1, 1, 0))


@given(st.integers(1, 99), st.integers(1, 500), st.floats(0.1, 4))
def test_two_single_tiles_are_as_far_apart_as_on_the_glass(apart, side_px0, mpp):
    tiles = block_of_tiles(100, 1, side_px0)

    (pair,) = compared(stages_at(100, [0], [apart]), tiles, mpp=mpp, top_percent=1).pairs

    assert pair.distance_px0 == apart * side_px0
    assert pair.distance_um == apart * side_px0 * mpp
    assert pair.grain_px0 == side_px0
    assert pair.overlap == 0


@given(st.integers(1, 60), st.integers(0, 100), st.floats(1, 100))
def test_two_stages_compare_the_same_the_other_way_round(N, seed, percent):
    stages = a_prediction(N, S=2, seed=seed).stages
    tiles = block_of_tiles(N, 1)

    (there,) = compared(stages_that_look(*(s.attention for s in stages)), tiles, top_percent=percent).pairs
    (back,) = compared(stages_that_look(*(s.attention for s in stages[::-1])), tiles, top_percent=percent).pairs

    assert figures(there) == pytest.approx(figures(back), nan_ok=True)


cells = st.sets(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=25)


@given(cells, st.integers(0, 9), st.integers(0, 9))
def test_a_shifted_set_is_as_far_away_as_it_was_shifted(drawn, right, down):
    at = np.array(sorted(drawn))
    flat = at @ [1, 30]
    prediction = stages_at(900, flat, flat + right + 30 * down)

    (pair,) = compared(prediction, block_of_tiles(30, 30), top_percent=100 * len(at) / 900).pairs

    assert pair.grain_px0 == 100
    assert pair.distance_px0 == pytest.approx(100 * np.hypot(right, down))


@pytest.mark.parametrize("seed", range(3))
def test_a_gathered_distance_is_exact_to_within_its_grain(seed):
    rng, N = np.random.default_rng(seed), 80 * 80
    tiles = block_of_tiles(80, 80)
    col, row = (tiles.xy_px0 // 100).T
    near = rng.random((2, N)) ** (1 + np.stack([col, row]))  # dense at one edge, ever thinner away from it

    (pair,) = compared(stages_that_look(*near), tiles, top_percent=10).pairs

    one, other = (tiles.xy_px0[np.argsort(-attention)[: N // 10]] for attention in near)
    distances = cdist(one, other)
    exact = distances[linear_sum_assignment(distances)].mean()
    assert pair.grain_px0 > 100
    assert abs(pair.distance_px0 - exact) <= np.sqrt(2) * (pair.grain_px0 - 100)


def test_a_distance_is_gathered_only_as_much_as_needed():
    tiles = block_of_tiles(40, 40)
    scattered = np.arange(0, 1600, 4)

    (many,) = compared(stages_at(1600, scattered, scattered + 1), tiles, top_percent=25).pairs
    (few,) = compared(stages_at(1600, scattered[:300], scattered[:300] + 1), tiles, top_percent=100 * 300 / 1600).pairs

    assert few.grain_px0 == 100
    assert many.grain_px0 == 200


def test_rank_correlation_is_spearmans_over_the_tiles_shown_to_both():
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 9, (2, 50)) / 50
    one[:5], other[40:] = np.nan, np.nan

    (pair,) = compared(stages_that_look(one, other), block_of_tiles(50, 1)).pairs

    assert pair.rank_correlation == pytest.approx(spearmanr(one[5:40], other[5:40]).statistic)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([0.6, 0.4], [0.4, 0.6]),
        ([0.25, 0.25, 0.25, 0.25], [0.1, 0.2, 0.3, 0.4]),
        ([0.5, 0.3, np.nan, 0.2, np.nan], [np.nan, np.nan, 0.6, 0.3, 0.1]),
    ],
    ids=["two tiles", "even attention", "one tile shown to both"],
)
def test_a_correlation_that_cannot_be_told_is_missing(one, other):
    (pair,) = compared(stages_that_look(one, other), block_of_tiles(len(one), 1)).pairs

    assert np.isnan([pair.rank_correlation, *pair.rank_correlation_chance_range]).all()


def test_stages_that_look_at_random_are_within_chance():
    N = 900
    told = []
    for seed in range(40):
        attention = np.random.default_rng(seed).random((2, N))
        (pair,) = compared(stages_that_look(*attention), block_of_tiles(30, 30), top_percent=5, draws=60).pairs
        ranges = (pair.overlap_chance_range, pair.rank_correlation_chance_range, pair.distance_px0_chance_range)
        told.append([low <= figure <= high for figure, (low, high) in zip(figures(pair), ranges, strict=True)])

    assert (np.mean(told, axis=0) >= 0.8).all()


def test_stages_that_look_at_the_two_ends_are_beyond_chance():
    ramp = np.arange(900) / 900

    (pair,) = compared(stages_that_look(ramp, ramp[::-1]), block_of_tiles(30, 30), draws=60).pairs

    assert pair.overlap == 0
    assert pair.rank_correlation < pair.rank_correlation_chance_range[0]
    assert pair.distance_um > pair.distance_um_chance_range[1] > pair.distance_um_by_chance


def test_random_claims_keep_to_what_a_stage_was_shown():
    left, right = np.arange(20) < 10, np.arange(20) >= 10
    one = np.where(left, np.arange(20), np.nan)
    other = np.where(right, np.arange(20), np.nan)

    (pair,) = compared(stages_that_look(one, other), block_of_tiles(20, 1), top_percent=30, draws=50).pairs

    assert pair.overlap_chance_range == (0, 0)
    assert pair.distance_px0_chance_range[0] > 0


def test_chance_overlap_of_two_halves_is_a_third():
    (pair,) = compared(a_prediction(1000, S=2), block_of_tiles(1000, 1), top_percent=50, draws=40).pairs

    assert pair.overlap_by_chance == pytest.approx(1 / 3, abs=0.01)


def test_a_stage_that_was_shown_nothing_cannot_be_compared():
    (pair,) = compared(stages_that_look([0.6, 0.4, 0], [np.nan] * 3), block_of_tiles(3, 1)).pairs

    missing = (*figures(pair), pair.overlap_by_chance, pair.distance_um_by_chance, *pair.distance_px0_chance_range)
    assert np.isnan(missing).all()


@pytest.mark.parametrize("masks", [False, True])
def test_a_slide_of_one_tile_is_compared(masks):
    comparison = compared(a_prediction(1, S=3, masks=masks), tile_grid([(4, 2)]))

    assert [figures(pair)[::2] for pair in comparison.pairs] == [(1, 0)] * 3
    assert [step.new_tiles for step in comparison.coverage] == [1, 0, 0]


def test_a_model_of_one_stage_has_no_pairs():
    comparison = compared(a_prediction(30, S=1), block_of_tiles(6, 5))

    assert comparison.pairs == ()
    assert len(comparison.coverage) == 1


def test_every_two_stages_are_compared_and_covered():
    prediction, tiles = a_prediction(30, S=4), block_of_tiles(6, 5)

    comparison = compared(prediction, tiles, top_percent=10)

    assert [(pair.one, pair.other) for pair in comparison.pairs] == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    assert comparison.coverage == coverage(prediction, tiles, 0.5, 10)


def test_the_same_seed_draws_the_same_chance():
    prediction, tiles = a_prediction(200, S=2), block_of_tiles(20, 10)

    first, again, other = (compared(prediction, tiles, seed=seed) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_work_is_told_draw_by_draw():
    steps = list(compare_stages(a_prediction(30), block_of_tiles(6, 5), None, FEW))

    assert [(step.done, step.total) for step in steps] == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_without_micrometres_distances_are_in_pixels_only():
    comparison = compared(a_prediction(30, S=2), block_of_tiles(6, 5), mpp=None)

    (row, *_) = comparison_rows(comparison, NO_ROLES)
    assert row["distance_px0"] == comparison.pairs[0].distance_px0
    assert row["distance_um"] is None
    assert row["distance_um_chance_high"] is None


def test_rows_count_stages_from_1_and_tell_what_the_comparison_holds():
    comparison = compared(a_prediction(30, S=3), block_of_tiles(6, 5))

    rows = comparison_rows(comparison, NO_ROLES)

    assert [(row["stage"], row.get("other_stage")) for row in rows] == [
        *((pair.one + 1, pair.other + 1) for pair in comparison.pairs),
        *((step.stage + 1, None) for step in comparison.coverage),
    ]
    assert rows[0]["overlap_chance_low"] == comparison.pairs[0].overlap_chance_range[0]
    assert rows[0]["distance_um_by_chance"] == comparison.pairs[0].distance_um_by_chance
    assert rows[0]["grain_px0"] == comparison.pairs[0].grain_px0
    assert rows[-1]["new_tiles_by_chance"] == comparison.coverage[-1].by_chance_new_tiles
    assert rows[-1]["new_area_mm2"] == comparison.coverage[-1].new_area_mm2


def test_a_csv_has_the_same_columns_for_any_number_of_stages_and_blanks_for_what_is_missing(tmp_path):
    tables = []
    for S in (1, 2):
        comparison = compared(a_prediction(2, S=S), block_of_tiles(2, 1), mpp=None)
        write_comparison_csv(comparison, NO_ROLES, tmp_path / "c.csv")
        with (tmp_path / "c.csv").open(encoding="utf-8", newline="") as file:
            tables.append(list(csv.DictReader(file)))

    assert [[row["about"] for row in table] for table in tables] == [["coverage"], ["pair", "coverage", "coverage"]]
    assert list(tables[0][0]) == list(tables[1][0])
    assert tables[1][0]["rank_correlation"] == tables[1][0]["distance_um"] == tables[1][0]["tiles"] == ""
    assert float(tables[1][0]["grain_px0"]) == 100


def test_json_holds_everything_and_null_for_what_is_missing():
    told = comparison_json(compared(a_prediction(2, S=2), block_of_tiles(2, 1), mpp=None), NO_ROLES)

    again = json.loads(json.dumps(told, allow_nan=False))
    assert again == told
    assert again["options"] == {"top_percent": 5, "draws": 3, "seed": 0}
    assert again["pairs"][0]["rank_correlation"] is None
    assert [step["stage"] for step in again["coverage"]] == [1, 2]
    assert "by construction" in again["note"]
    assert (again["roles"], again["no_roles"]) == ([], "No role can be given.")
