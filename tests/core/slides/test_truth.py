"""Areas whose class is known, and the tiles that belong to them."""

from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.slides.truth import OUTSIDE, TruthArea, label_tiles, truth_path
from tests.results import block_of_tiles, tile_grid

TILES = block_of_tiles(6, 5)


def area(name, *boxes):
    return TruthArea(name, (0, 0, 0), shapely.union_all([shapely.box(*box) for box in boxes]))


def test_a_tile_belongs_to_the_area_that_covers_most_of_it():
    tumour, stroma = area("tumour", (0, 0, 160, 100)), area("stroma", (160, 0, 245, 100))

    assert label_tiles([tumour, stroma], block_of_tiles(3, 1)).tolist() == [0, 0, OUTSIDE]


def test_half_of_a_tile_is_enough_and_less_is_not():
    assert label_tiles([area("tumour", (0, 0, 50, 100))], tile_grid([(0, 0)])).tolist() == [0]
    assert label_tiles([area("tumour", (0, 0, 49, 100))], tile_grid([(0, 0)])).tolist() == [OUTSIDE]


def test_pieces_of_a_class_count_together_and_holes_do_not():
    pieces = area("tumour", (0, 0, 30, 100), (70, 0, 100, 100))
    ring = TruthArea("ring", (0, 0, 0), shapely.box(0, 0, 300, 300).difference(shapely.box(100, 100, 200, 200)))

    assert label_tiles([pieces], tile_grid([(0, 0)])).tolist() == [0]
    assert label_tiles([ring], tile_grid([(0, 0), (1, 1)])).tolist() == [0, OUTSIDE]


corner = st.tuples(st.integers(0, 500), st.integers(0, 400))


@given(corner, st.integers(1, 300), st.integers(1, 300))
def test_labels_follow_the_share_of_the_tile_that_is_covered(xy, width, height):
    drawn = shapely.box(xy[0], xy[1], xy[0] + width, xy[1] + height)

    labels = label_tiles([TruthArea("tumour", (0, 0, 0), drawn)], TILES)

    for (x, y), label in zip(TILES.xy_px0.tolist(), labels, strict=True):
        covered = shapely.box(x, y, x + 100, y + 100).intersection(drawn).area
        assert (label == 0) == (covered >= 5000)


@given(st.permutations(range(4)))
def test_the_order_of_areas_that_do_not_overlap_changes_nothing_but_their_numbers(order):
    areas = [area(str(n), (150 * n, 0, 150 * n + 150, 500)) for n in range(4)]
    tiles = block_of_tiles(6, 5, side_px0=101)  # never half in one and half in another

    labels, reordered = label_tiles(areas, tiles), label_tiles([areas[n] for n in order], tiles)

    assert (np.array(order)[reordered] == labels).all()


def test_without_areas_every_tile_is_outside():
    assert label_tiles([], TILES).tolist() == [OUTSIDE] * 30


@pytest.mark.parametrize(("slide", "truth"), [("a.svs", "a.truth.geojson"), ("a.b.tiff", "a.b.truth.geojson")])
def test_what_is_known_of_a_slide_lies_beside_it(slide, truth):
    assert truth_path(Path("folder") / slide) == Path("folder") / truth
