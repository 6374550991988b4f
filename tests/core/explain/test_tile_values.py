"""One value per tile, made from several stages."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.explain.selections.selection import top_tiles
from msm_mil_core.explain.tile_values import found_by, fused_attention, rank_difference, winner_stage
from tests.results import a_prediction


def stages_that_look(*attention):
    """A prediction whose stages attend as drawn, NaN where a tile was not shown."""
    drawn = a_prediction(len(attention[0]), S=len(attention))
    looks = (np.asarray(each, np.float32) for each in attention)
    return replace(drawn, stages=tuple(replace(s, attention=a) for s, a in zip(drawn.stages, looks, strict=True)))


@given(st.integers(1, 60), st.integers(1, 4), st.booleans())
def test_the_attention_of_all_stages_sums_to_one(N, S, masks):
    prediction = a_prediction(N, S=S, masks=masks, K=0)

    fused = fused_attention(prediction)

    assert fused.sum() == pytest.approx(1, abs=1e-5)
    assert (fused >= 0).all()


def test_a_stage_counts_by_its_weight_and_not_at_all_where_it_was_not_shown_the_tile():
    prediction = stages_that_look([0.5, 0.5], [1.0, np.nan])
    weighed = replace(
        prediction, stages=tuple(replace(s, beta=b) for s, b in zip(prediction.stages, (0.8, 0.2), strict=True))
    )

    assert fused_attention(weighed).tolist() == pytest.approx([0.6, 0.4])


def test_a_tile_is_found_by_the_stages_that_have_it_at_their_top():
    prediction = stages_that_look([0.7, 0.1, 0.1, 0.1], [0.4, 0.5, 0.1, np.nan])

    assert found_by(prediction, 50).tolist() == [2, 2, 0, 0]
    assert found_by(prediction, 25).tolist() == [1, 1, 0, 0]


@given(st.integers(1, 60), st.integers(1, 4), st.booleans(), st.floats(0.1, 100))
def test_finds_add_up_to_the_sizes_of_the_tops(N, S, masks, percent):
    prediction = a_prediction(N, S=S, masks=masks)

    found = found_by(prediction, percent)

    assert found.sum() == sum(top_tiles(stage.attention, percent).sum() for stage in prediction.stages)
    assert found.max() <= S


def test_the_winner_is_the_stage_that_looks_most_and_the_earlier_of_equals():
    prediction = stages_that_look([0.5, 0.2, np.nan, np.nan], [0.4, 0.2, 0.4, np.nan], [0.1, 0.9, 0.0, np.nan])

    assert winner_stage(prediction).tolist()[:3] == [1, 3, 2]
    assert winner_stage(stages_that_look([0.5, 0.5], [0.5, 0.5])).tolist() == [1, 1]
    assert np.isnan(winner_stage(prediction)[3])


def test_rank_differences_are_drawn():
    prediction = stages_that_look([0.1, 0.2, 0.7, np.nan], [0.7, 0.1, 0.1, 0.1])

    difference = rank_difference(prediction, 0, 1)

    assert difference[:3].tolist() == pytest.approx([0 - 1, 1 / 2 - 1 / 3, 1 - 1 / 3])
    assert np.isnan(difference[3])


@given(st.integers(1, 60), st.integers(0, 100), st.booleans())
def test_rank_differences_are_opposite_the_other_way_round(N, seed, masks):
    prediction = a_prediction(N, seed=seed, masks=masks)

    one_way, back = rank_difference(prediction, 0, 2), rank_difference(prediction, 2, 0)

    np.testing.assert_array_equal(one_way, -back)
    assert (np.abs(one_way[np.isfinite(one_way)]) <= 1).all()
    np.testing.assert_array_equal(np.isnan(one_way), np.isnan(prediction.stages[2].attention))


def test_a_stage_that_does_not_exist_is_a_mistake():
    with pytest.raises(ValueError, match="stage 3"):
        rank_difference(a_prediction(5, S=3), 0, 3)
