import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.display.outlines import outline_segments
from tests.results import block_of_tiles, tile_grid

cells = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=50, unique=True)


def test_one_tile_has_its_four_edges():
    tiles = tile_grid([(2, 1), (3, 1)], side_px0=10)

    segments = outline_segments(tiles, np.array([True, False]))

    assert sorted(map(sorted, segments.tolist())) == [
        [[20, 10], [20, 20]],
        [[20, 10], [30, 10]],
        [[20, 20], [30, 20]],
        [[30, 10], [30, 20]],
    ]


def test_a_block_shows_only_its_rim():
    tiles = block_of_tiles(5, 3)

    segments = outline_segments(tiles, np.ones(15, bool))

    assert len(segments) == 2 * (5 + 3)


def test_nothing_chosen_has_no_edge():
    assert outline_segments(block_of_tiles(2, 2), np.zeros(4, bool)).shape == (0, 2, 2)


@given(cells=cells, data=st.data())
def test_each_segment_parts_a_chosen_tile_from_the_rest(cells, data):
    tiles = tile_grid(cells, side_px0=4)
    chosen = np.array(data.draw(st.lists(st.booleans(), min_size=len(cells), max_size=len(cells))))

    segments = outline_segments(tiles, chosen)

    inside = {cell for cell, one in zip(cells, chosen, strict=True) if one}
    rim = sum((c + dc, r + dr) not in inside for c, r in inside for dc, dr in ((1, 0), (-1, 0), (0, 1), (0, -1)))
    assert len(segments) == rim
    for start, end in segments:
        across = (end - start)[::-1] / 2
        sides = [tuple(((start + end) / 2 + sign * across) // 4) for sign in (1, -1)]
        assert sum(side in inside for side in sides) == 1
