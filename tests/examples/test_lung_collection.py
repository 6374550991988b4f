"""Mosaics of a part hold photographs of that part alone, and their bags hold those photographs' tiles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples import lung_collection as lung
from examples.lung_photographs import BLOCK, CLASSES, KINDS, PHOTO_MPP, TILE_PX, Photograph
from msm_mil_core.learning.dataset.origin import Origin
from msm_mil_core.slides.tiling.tile_options import TileOptions
from msm_mil_core.slides.tiling.tiles import lay_tiles
from msm_mil_core.slides.tiling.tissue import TissueMask

NUMBERS = range(0, 240, 2)


@pytest.fixture(scope="module")
def collection() -> lung.Collection:
    """Photographs whose tiles' features are their place in the collection; each part holds every third block."""
    blank = np.zeros((224, 224, 3), np.uint8)
    photographs = [Photograph(f"{k} {n}", k, n, blank) for k in range(len(KINDS)) for n in NUMBERS]
    places = np.arange(len(photographs), dtype=np.float32)
    return lung.Collection(
        photographs=photographs,
        split=np.array([one.number // BLOCK % 3 for one in photographs]),
        features=np.tile(places[:, None, None], (1, 9, 2)),
        origin=Origin("drawn", "", lung.SIDE_PX, lung.TILE_MPP),
    )


@given(seed=st.integers(0, 2**31), part=st.sampled_from(lung.PARTS))
def test_a_mosaic_is_of_photographs_of_its_part(collection, seed, part):
    members = collection.members(part)

    for one in collection.draw(members, 4, np.random.default_rng(seed)):
        assert set(one.photographs) <= set(members)
        kinds = set(collection.kinds[one.photographs]) - {0}
        assert kinds == {0: set(), 1: {1}, 2: {2}, 3: {1, 2}}[one.label]


def test_bags_hold_the_tiles_of_their_photographs_and_the_names_of_their_classes(collection):
    rng = np.random.default_rng(0)
    mosaics = {part: collection.draw(collection.members(part), 8, rng) for part in lung.PARTS}

    bags = lung.bags_of(collection, mosaics)

    assert bags.classes == tuple(sorted(CLASSES))
    for part, drawn in mosaics.items():
        held = bags.part(part)
        for index, one in enumerate(drawn):
            assert held.features(index)[::9, 0].tolist() == one.photographs.tolist()
            assert bags.classes[held.labels[index]] == CLASSES[one.label]


@given(st.integers(0, 2**31))
def test_blocks_are_drawn_whole_as_many_as_there_are_of_each_kind(collection, seed):
    drawn = collection.resampled("test", np.random.default_rng(seed))

    members = collection.members("test")
    blocks = [(collection.photographs[index].kind, collection.photographs[index].number // BLOCK) for index in drawn]
    assert set(drawn) <= set(members)
    assert len(drawn) == len(members)  # here all blocks are of one size
    assert all(blocks.count(block) % (BLOCK // 2) == 0 for block in set(blocks))


def test_on_a_slide_of_the_photographs_pixel_size_a_tile_is_a_ninth_of_a_photograph():
    tissue = TissueMask(np.ones((10, 10), bool), (222, 222))
    options = TileOptions(side_px=lung.SIDE_PX, mpp=lung.TILE_MPP)

    tiles = lay_tiles((2220, 2220), tissue, options, slide_mpp=PHOTO_MPP)

    assert tiles.side_px0 == TILE_PX
    assert len(tiles) == 900
    assert lung.enlarged(np.zeros((9, TILE_PX, TILE_PX, 3), np.uint8)).shape == (9, lung.SIDE_PX, lung.SIDE_PX, 3)
