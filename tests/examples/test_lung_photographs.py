"""Photographs of lung are parted by whole blocks, and mosaics hold what their label says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples import lung_photographs as lung

BLANK = np.zeros((224, 224, 3), np.uint8)


def photographs(numbers: dict[int, list[int]]) -> list[lung.Photograph]:
    return [lung.Photograph(f"{kind} {n}", kind, n, BLANK) for kind, each in numbers.items() for n in each]


@given(st.lists(st.integers(0, 3000), min_size=120, max_size=300, unique=True), st.integers(0, 2**31))
def test_a_block_is_in_one_part_and_parts_are_about_as_large_as_asked(numbers: list[int], seed: int) -> None:
    those = photographs(dict.fromkeys(range(3), sorted(numbers)))
    parts = lung.parts_of(those, seed)
    blocks = {(one.kind, one.number // lung.BLOCK, part) for one, part in zip(those, parts, strict=True)}
    assert len({block[:2] for block in blocks}) == len(blocks)
    shares = np.bincount(parts, minlength=3) / len(parts)
    assert shares == pytest.approx(lung.SHARES, abs=2 * lung.BLOCK / len(numbers))


def test_a_likeness_is_taken_out_of_the_later_part() -> None:
    rng = np.random.default_rng(0)
    prints = rng.normal(size=(40, 30)).astype(np.float32)
    parts = np.repeat([0, 1, 2], [20, 10, 10])
    prints[35], prints[25] = prints[3] + 0.01, prints[36] - 0.01
    apart = lung.without_likenesses(parts, prints)
    assert set(np.flatnonzero(apart != parts)) == {35, 36}
    assert (apart[[35, 36]] == -1).all()


def test_no_photograph_that_is_judged_by_looks_like_one_that_was_learnt_from() -> None:
    those = photographs({kind: [*range(120)] for kind in range(3)})
    prints = np.random.default_rng(0).normal(size=(len(those), 30)).astype(np.float32)
    prints[::7] = prints[0]  # many copies of one field, in blocks far apart
    parts = lung.split_of(those, prints)
    assert set(parts[::7]) == {-1, 0}
    assert set(parts) == {-1, 0, 1, 2}


@given(st.integers(0, 2**31))
def test_a_mosaic_holds_one_or_two_photographs_of_each_tumour_it_is_called_after(seed: int) -> None:
    kinds = np.repeat([0, 1, 2], [20, 5, 5])
    for mosaic in lung.draw_mosaics(kinds, 8, np.random.default_rng(seed)):
        held = np.bincount(kinds[mosaic.photographs], minlength=3)
        assert len(set(mosaic.photographs.tolist())) == lung.PHOTOGRAPHS
        named = lung.CLASSES[mosaic.label]
        assert (0 < held[1] <= 2) == (named in {"adenocarcinoma", "both"})
        assert (0 < held[2] <= 2) == (named in {"squamous", "both"})


def test_tiles_of_a_photograph_are_read_row_by_row() -> None:
    place = np.zeros((224, 224, 3), np.uint8)
    place[..., 0], place[..., 1] = np.arange(224)[None], np.arange(224)[:, None]
    tiles = lung.tiles_of(place)
    assert tiles.shape == (9, 74, 74, 3)
    assert (tiles[:, 0, 0, :2] == [(x, y) for y in (0, 74, 148) for x in (0, 74, 148)]).all()
