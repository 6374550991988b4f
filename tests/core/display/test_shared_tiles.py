"""Tiles that several stages have found are parted among them, and no other tile is."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from msm_mil_core.display.shared_tiles import STRIPES, part_shared

found_by = st.tuples(st.integers(2, 4), st.integers(1, 9)).flatmap(lambda shape: arrays(bool, shape))


@given(found=found_by, names=st.permutations(range(8)))
def test_a_shared_tile_has_equal_stripes_of_just_those_stages_that_found_it(found, names):
    stages = sorted(names[: len(found)])

    parted = part_shared(dict(zip(stages, found, strict=True)), found.shape[1])

    for tile, stripes in enumerate(parted):
        finders = [stage + 1 for stage, top in zip(stages, found, strict=True) if top[tile]]
        if len(finders) > 1:
            assert stripes.tolist() == np.repeat(finders, STRIPES // len(finders)).tolist()
        else:
            assert np.isnan(stripes).all()


@given(found=st.integers(1, 9).flatmap(lambda tiles: arrays(bool, tiles)))
def test_one_stage_shares_nothing(found):
    assert np.isnan(part_shared({2: found}, len(found))).all()
    assert np.isnan(part_shared({}, len(found))).all()


def test_five_stages_that_share_a_tile_are_all_seen():
    (stripes,) = part_shared({stage: np.array([True]) for stage in range(5)}, 1)

    assert sorted(set(stripes.tolist())) == [1, 2, 3, 4, 5]
    assert sorted(stripes.tolist()) == stripes.tolist()
