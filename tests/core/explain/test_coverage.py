"""How much tissue each further stage adds."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.explain.coverage import coverage, saturated_from
from msm_mil_core.explain.selections.selection import top_tiles
from tests.results import a_prediction, block_of_tiles


def stages_with_tops(*tops):
    """A prediction of stages whose attention is high at the characters "#" of a drawing, NaN at "-"."""
    drawn = a_prediction(len(tops[0]), S=len(tops))
    attention = [np.array([{"#": 1, ".": 0, "-": np.nan}[tile] for tile in top], np.float32) for top in tops]
    return replace(drawn, stages=tuple(replace(s, attention=a) for s, a in zip(drawn.stages, attention, strict=True)))


def test_each_stage_adds_what_no_earlier_one_found():
    prediction = stages_with_tops(
        "##........",
        ".##.......",
        "........##",
    )

    steps = coverage(prediction, block_of_tiles(10, 1), 0.5, 20)

    assert [step.stage for step in steps] == [0, 1, 2]
    assert [step.tiles for step in steps] == [2, 2, 2]
    assert [step.new_tiles for step in steps] == [2, 1, 2]
    assert [step.by_chance_new_tiles for step in steps] == pytest.approx([2, 2 * 8 / 10, 2 * 7 / 10])


def test_areas_are_those_of_the_tiles_on_the_glass():
    prediction = stages_with_tops("##..", "#..#")
    tiles = block_of_tiles(2, 2, side_px0=2000)

    first, second = coverage(prediction, tiles, 0.5, 50)

    assert (first.area_mm2, first.new_area_mm2) == pytest.approx((2, 2))
    assert (second.area_mm2, second.new_area_mm2) == pytest.approx((2, 1))


def test_without_micrometres_areas_are_missing():
    (step,) = coverage(stages_with_tops("#..."), block_of_tiles(4, 1), None, 25)

    assert step.new_tiles == 1
    assert np.isnan([step.area_mm2, step.new_area_mm2]).all()


def test_disjoint_tops_add_all_of_themselves():
    steps = coverage(stages_with_tops("##....", "..##..", "....##"), block_of_tiles(6, 1), 0.5, 30)

    assert [step.new_tiles for step in steps] == [step.tiles for step in steps] == [2, 2, 2]


def test_by_chance_a_masked_stage_adds_only_from_what_it_was_shown():
    prediction = stages_with_tops("##....", "-.-##.")

    _, second = coverage(prediction, block_of_tiles(6, 1), 0.5, 30)

    assert second.tiles == 2
    assert second.by_chance_new_tiles == 2 * 3 / 4


def test_a_stage_that_was_shown_nothing_adds_nothing():
    _, second = coverage(stages_with_tops("#", "-"), block_of_tiles(1, 1), 0.5, 5)

    assert (second.tiles, second.new_tiles, second.by_chance_new_tiles) == (0, 0, 0)


@given(st.integers(1, 60), st.integers(1, 4), st.booleans(), st.integers(1, 100))
def test_what_all_stages_add_is_what_they_have_together(N, S, masks, percent):
    prediction = a_prediction(N, S=S, masks=masks)

    steps = coverage(prediction, block_of_tiles(N, 1), 0.5, percent)

    together = np.any([top_tiles(stage.attention, percent) for stage in prediction.stages], axis=0)
    assert sum(step.new_tiles for step in steps) == together.sum()
    assert all(0 <= step.new_tiles <= step.tiles for step in steps)


def test_the_expected_tiles_are_the_mean_of_random_claims():
    prediction = a_prediction(40, S=2)
    _, second = coverage(prediction, block_of_tiles(40, 1), 0.5, 25)
    first = np.flatnonzero(top_tiles(prediction.stages[0].attention, 25))
    rng = np.random.default_rng(0)

    drawn = [len(np.setdiff1d(rng.choice(40, second.tiles, replace=False), first)) for _ in range(4000)]

    assert second.by_chance_new_tiles == pytest.approx(np.mean(drawn), abs=0.1)


@pytest.mark.parametrize(
    ("tops", "since"),
    [
        (["#...", ".#..", "..#."], None),
        (["#...", "#...", "#..."], 1),
        (["#...", "#...", "..#."], None),
        (["#...", ".#..", "#..."], 2),
        (["#..."], None),
    ],
)
def test_stages_are_saturated_when_none_after_adds_anything(tops, since):
    steps = coverage(stages_with_tops(*tops), block_of_tiles(4, 1), 0.5, 25)

    assert saturated_from(steps) == since


def test_no_stages_are_not_saturated():
    assert saturated_from(()) is None
