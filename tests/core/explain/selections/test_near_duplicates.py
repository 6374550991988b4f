"""Which pictures of tiles look alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.color import lab2rgb

from msm_mil_core.explain.selections.near_duplicates import alike
from tests.slides import HOT, TISSUE


def grey(lightness: float) -> np.ndarray:
    """A plain picture of this CIELAB lightness, 0 to 100."""
    rgb = lab2rgb(np.array([lightness, 0, 0], float))
    return np.full((16, 16, 3), np.rint(255 * rgb), np.uint8)


@given(st.lists(st.integers(0, 100), min_size=1, max_size=12))
def test_each_picture_is_given_one_at_or_before_it_that_stands_for_itself(lightness):
    first = alike(np.stack([grey(value) for value in lightness]))

    assert (first <= np.arange(len(lightness))).all()
    assert (first[first] == first).all()


@given(st.lists(st.integers(0, 3), min_size=1, max_size=10))
def test_the_same_picture_is_found_again(which):
    pictures = np.stack([grey(20 * value) for value in which])

    assert alike(pictures).tolist() == [which.index(value) for value in which]


@pytest.mark.parametrize(("step", "same"), [(0, True), (4, True), (6, False), (40, False)])
def test_five_of_lightness_tell_plain_pictures_apart(step, same):
    first = alike(np.stack([grey(50), grey(50 + step)]))

    assert (first[1] == 0) == same


def test_a_picture_between_two_others_does_not_join_them():
    assert alike(np.stack([grey(50), grey(54), grey(58)])).tolist() == [0, 0, 2]


def test_texture_finer_than_a_block_does_not_count():
    rng = np.random.default_rng(0)
    colours = np.where(np.indices((4, 4)).sum(0)[..., None] % 2, TISSUE, HOT).reshape(-1, 3)
    blocks = np.array([rng.permutation(colours) for _ in range(2 * 8 * 8)])  # each has as much of both colours
    pictures = blocks.reshape(2, 8, 8, 4, 4, 3).swapaxes(2, 3).reshape(2, 32, 32, 3).astype(np.uint8)

    assert (pictures[0] != pictures[1]).any()
    assert alike(pictures).tolist() == [0, 0]


def test_no_pictures_have_no_looks():
    assert alike(np.empty((0, 16, 16, 3), np.uint8)).shape == (0,)
