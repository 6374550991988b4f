"""Bags of several slides: every tile stays traceable to its slide and its place there."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.bags.bag import FeatureBag
from msm_mil_core.bags.bag_file import load_bag, save_bag
from msm_mil_core.bags.join_bags import join_bags
from msm_mil_core.errors import SlideError
from tests.core.bags.drawn_bags import FACTS, a_bag


def a_bag_of(name: str, tiles: int, size_px0: tuple[int, int] = (2048, 1536)) -> FeatureBag:
    return replace(a_bag(tiles), slide=replace(FACTS, name=name, size_px0=size_px0, quick_hash=name))


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(384, 1000), st.integers(512, 999)), min_size=1, max_size=6))
def test_a_tile_is_found_on_its_slide_again(drawn: list[tuple[int, int, int]]):
    bags = [a_bag_of(str(number), tiles, (width, height)) for number, (tiles, height, width) in enumerate(drawn)]

    joined = join_bags(bags, Path("case"))

    first = 0
    for bag, its in zip(bags, joined.joined, strict=True):
        own = slice(first, first := first + its.tiles)
        assert (joined.tiles.xy_px0[own] - (0, its.y_px0) == bag.tiles.xy_px0).all()
        assert (joined.features[own] == bag.features).all()
        assert (its.name, its.size_px0) == (bag.slide.name, bag.slide.size_px0)
    assert first == len(joined)
    assert len(np.unique(joined.tiles.xy_px0, axis=0)) == len(joined)  # no two tiles in one place
    assert not (joined.tiles.xy_px0 % joined.tiles.side_px0).any()  # all on one grid
    assert (joined.tiles.xy_px0 + joined.tiles.side_px0 <= joined.slide.size_px0).all()


def test_a_joined_bag_survives_the_disk_with_the_slides_that_gave_it_nothing(tmp_path: Path):
    joined = join_bags([a_bag_of("a.png", 3), a_bag_of("b.png", 2)], Path("case"), empty=[replace(FACTS, name="blank")])

    save_bag(joined, tmp_path / "case.h5")

    loaded = load_bag(tmp_path / "case.h5")
    assert loaded.joined == joined.joined
    assert [(one.name, one.tiles) for one in loaded.joined] == [("a.png", 3), ("b.png", 2), ("blank", 0)]
    assert loaded.slide.name == "case"


def test_slides_of_two_pixel_sizes_are_no_bag():
    fine = a_bag_of("fine.png", 3)
    coarse = replace(fine, tiles=replace(fine.tiles, side_px0=64), slide=replace(fine.slide, path="coarse.png"))

    with pytest.raises(SlideError, match=r"coarse\.png has .*, but fine\.png has .*--mpp"):
        join_bags([fine, coarse], Path("case"))
