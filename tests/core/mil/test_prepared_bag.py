"""What is prepared once of a bag."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.mil.prepared_bag import prepare_bag

scores = st.lists(st.sampled_from([-2.0, -0.0, 0.0, 0.5, 3.0, 200.0, -300.0]), min_size=1, max_size=40)


def prepared(*rows):
    S, N = len(rows), len(rows[0])
    return prepare_bag(np.array(rows, np.float32), np.zeros((N, 3), np.float32), np.zeros((S, N, 2), np.float32))


@given(scores)
def test_tiles_are_in_the_order_of_a_stable_sort(row):
    assert prepared(row, row).order[1].tolist() == np.argsort(-np.array(row), kind="stable").tolist()


@given(scores, st.integers(0, 2**32 - 1), st.integers(0, 40))
def test_the_first_of_those_that_are_left_are_taken(row, seed, count):
    left = np.random.default_rng(seed).random(len(row)) < 0.5
    count = min(count, int(left.sum()))

    first = prepared(row).first(0, left, count)

    ranked = sorted(np.flatnonzero(left).tolist(), key=lambda tile: (-row[tile], tile))
    assert first.tolist() == ranked[:count]


@given(scores)
def test_the_highest_score_is_raised_to_one_and_none_to_a_number_of_few_digits(row):
    raised = prepared(row).raised[0]

    assert raised.max() == 1
    assert (raised[raised > 0] >= np.finfo(np.float32).tiny).all()
