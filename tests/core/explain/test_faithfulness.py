"""Whether what a stage looks at matters for the answer."""

import numpy as np
import pytest

from msm_mil_core.explain.examination_options import FaithfulnessOptions
from msm_mil_core.explain.faithfulness import StageEffect, effect_sentence, measure_faithfulness
from msm_mil_core.mil.predict import predict, predict_bag
from msm_mil_core.progress import finish
from tests.models import a_bag, a_checkpoint, a_seeker

HOT = 5


def measured(checkpoint, bag, **options):
    tile_outputs = predict_bag(checkpoint, bag, device="cpu").tile_outputs
    return finish(measure_faithfulness(tile_outputs, FaithfulnessOptions(**options)))


@pytest.fixture(scope="module")
def hot():
    wanted, other = np.ones(4, np.float32), -np.ones(4, np.float32)
    bag = np.tile(other, (20, 1))
    bag[HOT] = wanted
    return measured(a_seeker(wanted, other), bag)


def test_curves_begin_at_the_whole_bag_and_end_at_it():
    found = measured(a_checkpoint(), a_bag(40))

    assert found.shares[0] == 0
    assert found.shares[-1] == 1
    assert len(found.curves) == 4
    for curve in (*found.curves, found.random):
        assert curve.deletion[0] == pytest.approx(found.before, abs=1e-6)
        assert curve.insertion[-1] == pytest.approx(found.before, abs=1e-6)
        assert len(curve.deletion) == len(curve.insertion) == len(found.shares)


def test_a_point_of_a_curve_is_what_the_model_says_of_what_is_left():
    checkpoint, bag = a_checkpoint(), a_bag(40)
    found, whole = measured(checkpoint, bag, points=5), predict(checkpoint, bag, device="cpu")

    count = round(float(found.shares[2]) * 40)
    left = np.argsort(-whole.stages[1].attention, kind="stable")[count:]
    run = predict(checkpoint, bag[np.sort(left)], device="cpu")
    answer = whole.classes.index(found.answer)
    assert found.curves[1].deletion[2] == pytest.approx(float(run.probabilities[answer]), abs=1e-5)


def test_where_one_tile_decides_attention_beats_chance(hot):
    for curve in hot.curves:
        assert hot.deletion_area(curve) < hot.deletion_area(hot.random) - 0.1
        assert hot.insertion_area(curve) > hot.insertion_area(hot.random) + 0.1
    assert hot.random.deletion_sd.max() > 0
    assert not hot.curves[0].deletion_sd.any()
    assert hot.curves[0].deletion_area_sd == hot.curves[0].insertion_area_sd == 0
    assert 0 < hot.random.deletion_area_sd <= hot.random.deletion_sd.max()  # an area is a mean of points
    assert 0 < hot.random.insertion_area_sd <= hot.random.insertion_sd.max()


def test_the_tile_that_decides_is_necessary_and_sufficient(hot):
    effect = hot.effects[0]

    assert effect.tiles == 1
    assert effect.without < 0.5 < effect.without_random
    assert effect.alone > 0.5 > effect.alone_random
    assert hot.sentences[0].startswith("Removing the one tile of stage 1 lowers P(hot) from ")


def test_the_same_seed_draws_the_same_chance():
    checkpoint, bag = a_checkpoint(), a_bag(30)

    one, again, other = (measured(checkpoint, bag, seed=seed) for seed in (3, 3, 4))

    np.testing.assert_array_equal(one.random.deletion, again.random.deletion)
    assert not np.array_equal(one.random.deletion, other.random.deletion)


@pytest.mark.parametrize("N", [1, 2, 3])
def test_tiny_bags_have_curves_too(N):
    found = measured(a_checkpoint(k=5), a_bag(N))

    assert np.isfinite([curve.deletion for curve in found.curves]).all()
    assert len(found.sentences) == 3


@pytest.mark.parametrize(
    ("effect", "sentence"),
    [
        (
            StageEffect(1, 10, 0.41, 0.92, 0.013, 0.97, 0.55, 0.2),
            "Removing the 10 tiles of stage 2 lowers P(carcinoma) from 0.93 to 0.41; removing 10 random tiles: "
            "0.92 ± 0.01. Alone they give 0.97; 10 random tiles alone: 0.55 ± 0.20.",
        ),
        (
            StageEffect(0, 1, 0.93, 0.93, 0.0, 0.5, 0.5, 0.0),
            "Removing the one tile of stage 1 leaves P(carcinoma) at 0.93; removing 1 random tile: 0.93 ± 0.00. "
            "Alone they give 0.50; 1 random tile alone: 0.50 ± 0.00.",
        ),
        (
            StageEffect(2, 0, 0.93, 0.93, 0, np.nan, np.nan, np.nan),
            "Stage 3 claims no tile of this slide, so there is nothing to remove.",
        ),
        (
            StageEffect(0, 7, np.nan, np.nan, np.nan, 0.93, 0.93, 0.0),
            "Stage 1 claims every tile, so nothing is left without them. Alone they give 0.93; 7 random tiles alone: "
            "0.93 ± 0.00.",
        ),
    ],
)
def test_effects_are_told_in_plain_words(effect, sentence):
    assert effect_sentence(effect, "carcinoma", 0.93) == sentence
