"""Small sets of tiles that decide."""

from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msm_mil_core.explain.counterfactual import find_flip, find_sufficient
from msm_mil_core.explain.examination_options import SearchOptions
from msm_mil_core.mil.aggregate import aggregate, aggregate_probabilities
from msm_mil_core.mil.predict import predict_bag
from msm_mil_core.progress import finish
from tests.models import a_bag, a_checkpoint, a_seeker

SEARCHES = {"flip": find_flip, "sufficient": find_sufficient}


def some_tile_outputs(N=12, *, seed=0, **changes):
    return predict_bag(a_checkpoint(seed=seed, **changes), a_bag(N, seed=seed), device="cpu").tile_outputs


def decides(tile_outputs, kind, tiles):
    """Whether a set of tiles does what it is said to do."""
    kept = tiles if kind == "sufficient" else ~tiles
    if not kept.any():
        return False
    same = aggregate_probabilities(tile_outputs, kept).argmax() == aggregate(tile_outputs).probabilities.argmax()
    return bool(same) == (kind == "sufficient")


def smallest(tile_outputs, kind):
    """How many tiles the smallest set has, by trying all."""
    N = len(tile_outputs)
    for count in range(1, N + 1):
        for chosen in combinations(range(N), count):
            if decides(tile_outputs, kind, np.isin(np.arange(N), chosen)):
                return count
    return None


@settings(max_examples=25)
@given(st.integers(0, 500), st.integers(1, 25), st.sampled_from(["flip", "sufficient"]), st.integers(2, 3))
def test_a_found_set_decides_and_none_of_a_minimal_one_can_be_spared(seed, N, kind, classes):
    tile_outputs = some_tile_outputs(N, seed=seed, classes=classes)

    found = finish(SEARCHES[kind](tile_outputs, SearchOptions()))

    assert found.found == found.tiles.any()
    if not found.found:
        return
    assert decides(tile_outputs, kind, found.tiles)
    assert found.minimal
    for tile in np.flatnonzero(found.tiles):
        fewer = found.tiles.copy()
        fewer[tile] = False
        assert not fewer.any() or not decides(tile_outputs, kind, fewer)


@pytest.mark.parametrize("kind", ["flip", "sufficient"])
@pytest.mark.parametrize("seed", range(6))
def test_no_set_is_smaller_than_the_smallest(kind, seed):
    tile_outputs = some_tile_outputs(7, seed=seed)

    found = finish(SEARCHES[kind](tile_outputs, SearchOptions()))

    least = smallest(tile_outputs, kind)
    assert not found.found or found.tiles.sum() >= least
    assert kind == "flip" or found.found  # the whole bag suffices


@pytest.mark.parametrize("kind", ["flip", "sufficient"])
def test_where_one_tile_decides_it_is_found(kind):
    hot, cold = np.ones(4, np.float32), -np.ones(4, np.float32)
    bag = np.stack([cold] * 5 + [hot] + [cold] * 6)
    tile_outputs = predict_bag(a_seeker(hot, cold), bag, device="cpu").tile_outputs

    found = finish(SEARCHES[kind](tile_outputs, SearchOptions()))

    assert np.flatnonzero(found.tiles).tolist() == [5]
    words = {"flip": "Removing 1 tile changes the answer from hot to", "sufficient": "1 tile alone suffices for the"}
    assert str(found).startswith(words[kind])


def test_an_answer_that_every_tile_gives_is_not_flipped():
    tile_outputs = predict_bag(a_checkpoint(), np.repeat(a_bag(1), 9, axis=0), device="cpu").tile_outputs

    found = finish(find_flip(tile_outputs, SearchOptions()))

    assert not found.found
    assert not found.tiles.any()
    assert found.asked == 0
    assert str(found) in {f"No set of tiles changes the answer class {c}: every tile alone gives it." for c in (0, 1)}


@pytest.mark.parametrize("mask_mode", ["always", "train"])
@pytest.mark.parametrize("classes", [2, 3])
def test_an_answer_that_can_change_is_changed(mask_mode, classes):
    memories = [some_tile_outputs(6, seed=seed, mask_mode=mask_mode, classes=classes) for seed in range(40)]

    found = [finish(find_flip(tile_outputs, SearchOptions())).found for tile_outputs in memories]

    assert found == [smallest(tile_outputs, "flip") is not None for tile_outputs in memories]
    assert set(found) == {True, False}


def test_where_every_tile_is_needed_it_says_so_and_names_no_small_set():
    needed = finish(find_sufficient(some_tile_outputs(1), SearchOptions()))
    all_of_many = replace(needed, tiles=np.ones(12, bool))

    assert needed.is_all
    assert str(needed).startswith("None can be spared: ")
    assert str(all_of_many).endswith("needs all 12 tiles.")
    assert "can be spared" in str(replace(all_of_many, minimal=False))
    assert not str(replace(all_of_many, minimal=False)).startswith("None")
    assert not replace(all_of_many, tiles=np.arange(12) < 11).is_all
    assert not replace(all_of_many, kind="flip").is_all


def test_one_tile_cannot_be_taken_away():
    found = finish(find_flip(some_tile_outputs(1), SearchOptions()))

    assert not found.found


@pytest.mark.parametrize("kind", ["flip", "sufficient"])
def test_the_budget_is_kept_and_said(kind):
    tile_outputs = some_tile_outputs(400, seed=3)

    found = finish(SEARCHES[kind](tile_outputs, SearchOptions(budget=5)))

    assert found.asked <= 5
    assert not found.minimal or found.tiles.sum() == 1


@pytest.mark.parametrize("kind", ["flip", "sufficient"])
@pytest.mark.parametrize("N", [1, 30, 300, 3000])
def test_a_first_set_comes_after_questions_that_grow_with_the_logarithm_of_the_tiles(kind, N):
    tile_outputs = some_tile_outputs(N, seed=2, k_share=0.05)

    first = next((now for now in SEARCHES[kind](tile_outputs, SearchOptions()) if now.so_far is not None), None)

    if first is None:
        assert (kind, N) == ("flip", 1)
        return
    assert first.done <= 2 * np.log2(N) + 3
    assert decides(tile_outputs, kind, first.so_far.tiles)
    assert not first.so_far.minimal
    assert "it is not known whether" in str(first.so_far)


@pytest.mark.parametrize("seed", range(4))
def test_a_set_only_gets_smaller_and_is_called_minimal_at_the_end_alone(seed):
    steps = list(find_flip(some_tile_outputs(200, seed=seed), SearchOptions()))

    sets = [step.so_far for step in steps if step.so_far is not None]

    assert [found.minimal for found in sets] == [False] * (len(sets) - 1) + [True]
    assert all((later.tiles <= earlier.tiles).all() for earlier, later in pairwise(sets))
    assert [step.done for step in steps] == sorted(step.done for step in steps)


@pytest.mark.parametrize("budget", range(2, 60, 7))
def test_a_set_is_called_minimal_only_if_all_its_tiles_were_tried(budget):
    tile_outputs = some_tile_outputs(60, seed=1)

    found = finish(find_flip(tile_outputs, SearchOptions(budget=budget)))

    assert found.asked <= budget
    if found.minimal:
        one_fewer = found.tiles & (np.arange(60) != np.flatnonzero(found.tiles)[:, None])
        assert not any(fewer.any() and decides(tile_outputs, "flip", fewer) for fewer in one_fewer)


def test_a_search_can_be_dropped_at_every_step():
    for steps in range(4):
        work = find_flip(some_tile_outputs(60, seed=1), SearchOptions())
        for _ in zip(range(steps), work, strict=False):
            pass
        work.close()
