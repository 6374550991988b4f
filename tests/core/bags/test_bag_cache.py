"""Features are reused where everything is the same, and a cache that is damaged is never trusted."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from msm_mil_core.bags import bag_cache
from msm_mil_core.bags.bag import FeatureBag
from msm_mil_core.bags.bag_cache import cache_bag, cached_bag_path, load_cached_bag
from msm_mil_core.slides.tiling.tiles import TileGrid
from tests.core.bags.drawn_bags import CARD, FACTS, a_bag


def cached_file(folder: Path, bag: FeatureBag) -> Path:
    cache_bag(bag, folder)
    return cached_bag_path(folder, bag.slide, bag.tiles, bag.encoder)


def from_cache(folder: Path, bag: FeatureBag) -> FeatureBag | None:
    return load_cached_bag(folder, bag.slide, bag.tiles, bag.encoder)


def test_what_was_cached_comes_back(tmp_path: Path):
    bag = a_bag()
    cached_file(tmp_path, bag)
    moved = replace(FACTS, path="/elsewhere/other name.svs", name="other name.svs")

    back = load_cached_bag(tmp_path, moved, bag.tiles, CARD)

    assert back is not None
    np.testing.assert_array_equal(back.features, bag.features)
    assert back.slide == moved


def test_what_was_never_cached_is_not_found(tmp_path: Path):
    bag = a_bag()

    assert from_cache(tmp_path, bag) is None


OTHERS = {
    "slide": lambda bag: replace_bag(bag, slide=replace(FACTS, quick_hash="f" * 64)),
    "size": lambda bag: replace_bag(bag, slide=replace(FACTS, size_px0=(2048, 1537))),
    "reader": lambda bag: replace_bag(bag, slide=replace(FACTS, reader="direct-scaled")),
    "tiles": lambda bag: replace_bag(bag, tiles=TileGrid(bag.tiles.xy_px0 + 128, 128, 64, 0.5)),
    "order": lambda bag: replace_bag(bag, tiles=TileGrid(bag.tiles.xy_px0[::-1].copy(), 128, 64, 0.5)),
    "side": lambda bag: replace_bag(bag, tiles=TileGrid(bag.tiles.xy_px0, 128, 32, 1.0)),
    "field": lambda bag: replace_bag(bag, tiles=TileGrid(bag.tiles.xy_px0, 64, 64, 0.25)),
    "weights": lambda bag: replace_bag(bag, encoder=replace(CARD, weights_sha256="e" * 64)),
    "precision": lambda bag: replace_bag(bag, encoder=replace(CARD, precision="bfloat16")),
}


def replace_bag(bag: FeatureBag, **changes: object) -> FeatureBag:
    return replace(bag, **changes)


@pytest.mark.parametrize("what", OTHERS)
def test_features_of_something_else_are_not_taken(tmp_path: Path, what: str, caplog: pytest.LogCaptureFixture):
    bag = a_bag()
    path = cached_file(tmp_path, bag)
    other = OTHERS[what](bag)
    place = cached_bag_path(tmp_path, other.slide, other.tiles, other.encoder)
    assert place != path
    path.rename(place)  # as if the hashes in both names were the same

    with caplog.at_level(logging.WARNING):
        assert from_cache(tmp_path, other) is None

    assert "of another slide, tiling or encoder" in caplog.text


def test_a_file_cut_short_is_not_taken(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    bag = a_bag(200)
    path = cached_file(tmp_path, bag)
    whole = path.read_bytes()

    for share in (0.0, 0.1, 0.5, 0.9, 0.999):
        caplog.clear()
        path.write_bytes(whole[: int(len(whole) * share)])

        assert from_cache(tmp_path, bag) is None
        assert path.name in caplog.text


def test_features_that_are_not_finite_are_not_taken(tmp_path: Path):
    bag = a_bag()
    bag.features[2, 3] = np.inf
    cached_file(tmp_path, bag)

    assert from_cache(tmp_path, bag) is None


def test_features_of_tiles_that_were_resampled_otherwise_are_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    bag = a_bag()
    cache_bag(bag, tmp_path)

    monkeypatch.setattr(bag_cache, "RESAMPLING", bag_cache.RESAMPLING + 1)

    assert load_cached_bag(tmp_path, bag.slide, bag.tiles, bag.encoder) is None


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_flipped_bit_never_changes_features(tmp_path: Path, data: st.DataObject):
    bag = a_bag()
    path = cached_file(tmp_path, bag)
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)

    back = from_cache(tmp_path, bag)

    assert back is None or np.array_equal(back.features, bag.features)
