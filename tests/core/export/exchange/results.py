"""Drawn results over a slide, with tiles anywhere on it, for files that other programs read."""

import numpy as np
from hypothesis import strategies as st

from msm_mil_core.results.slide_result import SlideResult
from tests.results import a_prediction, a_result, slide_facts, tile_grid

SIDE_PX0 = 100


@st.composite
def results_on_slides(draw) -> SlideResult:
    """Any tiles on a slide of 22 x 29 whole cells, whose masks hide tiles from later stages."""
    cells = draw(st.sets(st.tuples(st.integers(0, 21), st.integers(0, 28)), min_size=1, max_size=40))
    tiles = tile_grid(sorted(cells, key=lambda cell: cell[::-1]), SIDE_PX0)
    prediction = a_prediction(len(tiles), S=draw(st.integers(1, 4)), masks=True, seed=draw(st.integers(0, 9)))
    mpp = draw(st.floats(0.05, 20))
    return a_result(tiles, slide=slide_facts(mpp=mpp), prediction=prediction)


def same(found, expected) -> bool:
    """Whether arrays hold the same float32 values, and none at the same places."""
    return np.asarray(found).dtype == np.float32 and np.array_equal(found, expected, equal_nan=True)
