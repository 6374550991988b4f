"""What a stage wants were nothing hidden from it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.explain.selections.wanted_tiles import are_same, only_leftovers, wanted_tiles


def a_set(tiles, N=100):
    return np.isin(np.arange(N), tiles)


def test_the_highest_scores_among_the_kept_tiles_are_wanted():
    scores = np.float32([9, 1, 5, 5, 5, 0])

    wanted = wanted_tiles(scores, ~a_set([0], 6), 2)

    assert np.flatnonzero(wanted).tolist() == [2, 3]


@pytest.mark.parametrize(("hidden", "expected"), [([], False), ([0], False), ([0, 1], True)])
def test_leftovers_are_what_is_left_when_most_of_the_attention_is_hidden(hidden, expected):
    attention = np.array([0.4, 0.4, 0.1, 0.1])

    found = only_leftovers(np.float32(np.log(attention)), np.ones(4, bool), ~a_set(hidden, 4))

    assert found is expected


def test_a_stage_that_was_shown_nothing_was_not_shown_leftovers():
    assert not only_leftovers(np.zeros(4, np.float32), np.ones(4, bool), np.zeros(4, bool))


def test_tiles_that_are_not_of_the_bag_were_not_hidden_from_it():
    assert not only_leftovers(np.float32([50, 1, 1]), ~a_set([0], 3), ~a_set([0], 3))


@given(st.sets(st.integers(0, 99), min_size=1, max_size=50))
def test_a_set_of_up_to_half_the_bag_is_the_same_as_itself(tiles):
    tiles = a_set(list(tiles))

    assert are_same(tiles, tiles, 100)


@given(st.sets(st.integers(0, 99), min_size=1), st.sets(st.integers(0, 99), min_size=1))
def test_sameness_is_mutual_and_needs_more_than_half(one, other):
    same = are_same(a_set(list(one)), a_set(list(other)), 100)

    assert same == are_same(a_set(list(other)), a_set(list(one)), 100)
    assert not same or len(one & other) > len(one | other) / 2


def test_what_chance_explains_is_not_the_same():
    one, other = a_set(range(80)), a_set(range(20, 100))

    assert not are_same(one, other, 100)
    assert are_same(one, other, 1000)
