"""Several models on one slide: agreement and spread, tile by tile."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msm_mil_core.explain.models.model_comparison import compare_models
from msm_mil_core.explain.models.model_view import ModelView, told_apart
from tests.class_maps import a_class_map_result
from tests.results import a_prediction, block_of_tiles, tile_grid


def a_view(name="a", *, seed=0, tiles=None, **changes) -> ModelView:
    tiles = block_of_tiles(6, 5) if tiles is None else tiles
    return ModelView(name, a_prediction(len(tiles), seed=seed, **changes), tiles)


def test_a_model_agrees_with_itself():
    found = compare_models([a_view("a"), a_view("b")], 10)

    (pair,) = found.pairs
    assert (pair.overlap, pair.rank_correlation) == (1, pytest.approx(1))
    assert set(found.agreement) == {0, 2}
    assert (found.agreement == 2).sum() == 3
    assert not found.spread.any()
    assert "the same answer" in found.sentences[0]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 99), min_size=2, max_size=5), st.sampled_from([5.0, 20.0, 100.0]))
def test_the_order_of_the_others_does_not_matter(seeds, percent):
    views = [a_view(f"model {at}", seed=seed) for at, seed in enumerate(seeds)]

    one, other = compare_models(views, percent), compare_models([views[0], *views[:0:-1]], percent)

    np.testing.assert_array_equal(one.agreement, other.agreement)
    np.testing.assert_allclose(one.spread, other.spread, atol=1e-6)
    assert one.agreement.max() <= len(views)
    assert ((one.spread >= 0) & (one.spread <= 0.5)).all()


def test_a_tile_of_one_model_alone_has_no_agreement():
    found = compare_models([a_view(), a_view("b", tiles=tile_grid([(0, 0), (1, 0), (2, 0), (9, 9)]))], 50)

    assert np.isfinite(found.agreement).sum() == np.isfinite(found.spread).sum() == 3
    assert "b has 3 of the 30 tiles" in " ".join(found.sentences)


def test_other_tiles_are_said_to_be_resampled():
    found = compare_models([a_view(), a_view("b", tiles=block_of_tiles(10, 10, side_px0=60))], 10)

    assert "resampled by area" in " ".join(found.sentences)
    assert np.isfinite(found.spread).all()


def test_chance_is_what_random_models_give():
    tiles = block_of_tiles(20, 20)
    found = [compare_models([a_view(seed=2 * at + one, tiles=tiles) for one in (0, 1)], 20) for at in range(8)]

    overlaps = np.mean([each.pairs[0].overlap for each in found])
    assert overlaps == pytest.approx(found[0].pairs[0].overlap_by_chance, abs=0.02)
    said = float(re.search(r"chance: about ([\d.]+)", found[0].sentences[-1])[1])
    assert np.mean([each.spread.mean() for each in found]) == pytest.approx(said, abs=0.02)


def test_of_maps_of_classes_that_of_the_answer_is_compared():
    result = a_class_map_result()
    of_classes = ModelView("clam", result.prediction, result.tiles)
    answer = result.prediction.winner

    found = compare_models([of_classes, a_view("ours")], 10)

    stage = result.prediction.stages[result.prediction.classes.index(answer)]
    np.testing.assert_array_equal(found.models[0].attention, stage.attention)
    assert found.models[0].looked_at == f"the map of {answer}"
    assert found.models[1].looked_at == "all stages by their weight"


def test_one_result_is_nothing_to_compare():
    with pytest.raises(ValueError, match="at least two"):
        compare_models([a_view()], 5)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy")), min_size=2, max_size=6))
def test_names_differ(drawn):
    names = told_apart([name for name, _ in drawn], [file for _, file in drawn])

    assert len(set(names)) == len(names)
