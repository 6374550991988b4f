"""Laws of the maps beside the stages' own, and of their colours."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.color import rgb2lab

from msm_mil_core.display.color_ramps import amount_ramp, signed_ramp, stage_steps
from msm_mil_core.display.stage_style import stage_rgb
from msm_mil_core.display.tile_map import (
    agreement_map,
    attribution_map,
    difference_map,
    evidence_map,
    spread_map,
    whatif_map,
    winner_map,
)
from msm_mil_core.errors import QuestionError
from tests.results import a_prediction

WHITE, PALE_TISSUE = [1.0, 1.0, 1.0], [0.93, 0.85, 0.90]
sizes = st.floats(0, 2.0**100, width=32) | st.just(np.nan)
signed = st.floats(-(2.0**100), 2.0**100, width=32) | st.just(np.nan)


def all_maps(prediction):
    last = len(prediction.stages) - 1
    return [
        evidence_map(prediction, 0, None),
        evidence_map(prediction, 1, last),
        agreement_map(prediction, 5),
        winner_map(prediction),
        difference_map(prediction, 0, last),
        spread_map(last, prediction.stages[0].attention, 10),
        whatif_map(prediction, last),
        attribution_map("integrated gradients", "tumour", prediction.stages[0].attention),
    ]


@pytest.mark.parametrize("masks", [False, True])
@pytest.mark.parametrize("S", [1, 2, 7])
@pytest.mark.parametrize("N", [1, 2, 30])
def test_a_map_has_one_value_a_tile_within_its_limits_and_a_legend(N, S, masks):
    for shown in all_maps(a_prediction(N, S=S, masks=masks)):
        low, high = shown.limits
        finite = shown.values[np.isfinite(shown.values)]

        assert shown.values.shape == (N,)
        assert shown.values.dtype == np.float32
        assert low < high
        assert ((low <= finite) & (finite <= high)).all()
        assert shown.legend.endswith(".")


def test_maps_that_can_be_shown_together_have_keys_of_their_own():
    prediction = a_prediction(30)
    maps = [*all_maps(prediction)[1:], *(spread_map(at, prediction.stages[0].attention, 10) for at in (0, 1))]

    keys = [shown.key for shown in [*maps, attribution_map("feature ablation", "tumour", np.zeros(30, np.float32))]]

    assert len(set(keys)) == len(keys)


@given(values=arrays(np.float32, st.integers(1, 9), elements=signed))
def test_signed_limits_are_symmetric_and_never_equal(values):
    low, high = attribution_map("feature ablation", "tumour", values).limits

    assert low == -high
    assert low < high


@given(values=arrays(np.float32, st.integers(1, 9), elements=sizes))
def test_amounts_begin_at_zero_and_limits_are_never_equal(values):
    low, high = spread_map(0, values, 10).limits

    assert low == 0 < high


def test_evidence_of_all_stages_is_what_they_add_together():
    prediction = a_prediction(30, masks=True)

    stages = [evidence_map(prediction, 1, stage).values for stage in range(3)]

    np.testing.assert_allclose(evidence_map(prediction, 1, None).values, np.sum(stages, axis=0), atol=1e-6)


def test_without_evidence_there_is_no_map_of_it():
    with pytest.raises(QuestionError, match="preset paper"):
        evidence_map(a_prediction(30, evidence=False), 0, None)


def test_the_two_directions_of_a_difference_are_opposites():
    prediction = a_prediction(30, masks=True)

    there, back = difference_map(prediction, 0, 2), difference_map(prediction, 2, 0)

    np.testing.assert_array_equal(there.values, -back.values)
    assert "stage 1 ranks the tile higher" in there.legend
    assert "stage 3 ranks the tile higher" not in there.legend


def test_tiles_that_no_stage_found_are_left_free():
    prediction = a_prediction(40, S=2)

    shown = agreement_map(prediction, 5)

    assert np.nanmin(shown.values) >= 1
    assert np.isfinite(shown.values).sum() in (2, 3, 4)


def test_an_amount_darkens_all_the_way_on_white_and_on_tissue():
    for ground in (WHITE, PALE_TISSUE):
        lightness = seen_over(amount_ramp(), ground)

        assert (np.diff(lightness) < 0).all()
        assert lightness[0] - lightness[-1] > 50


def test_a_signed_value_darkens_away_from_zero_on_either_side_alike():
    for ground in (WHITE, PALE_TISSUE):
        lightness = seen_over(signed_ramp(), ground)
        middle = len(lightness) // 2

        assert (np.diff(lightness[: middle + 1]) > 0).all()
        assert (np.diff(lightness[middle:]) < 0).all()
        assert abs(lightness[0] - lightness[-1]) < 15


def test_what_says_nothing_is_clear():
    signed_points, amounts = np.array(signed_ramp()), np.array(amount_ramp())

    assert len(signed_points) % 2 == 1
    assert signed_points[len(signed_points) // 2, 3] == 0
    np.testing.assert_allclose(signed_points[:, 3], signed_points[::-1, 3])
    assert amounts[0, 3] == 0
    assert (np.diff(amounts[:, 3]) > 0).all()


def test_control_points_are_colours():
    for ramp in (signed_ramp(), amount_ramp(), stage_steps(9)):
        points = np.array(ramp)

        assert points.shape[1] == 4
        assert ((points >= 0) & (points <= 1)).all()


@pytest.mark.parametrize("stages", [1, 3, 7])
def test_each_stage_is_shown_in_its_own_colour(stages):
    steps = np.array(stage_steps(stages))

    np.testing.assert_allclose(steps[:, :3] * 255, [stage_rgb(index) for index in range(stages)])


def seen_over(ramp, ground):
    points = np.array(ramp)
    over = points[:, :3] * points[:, 3:] + np.array(ground) * (1 - points[:, 3:])
    return rgb2lab(over[None])[0, :, 0]
