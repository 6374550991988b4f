"""The gallery of a stage: which tiles, in which order, folded how."""

import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.errors import SlideError
from msm_mil_core.explain.selections.gallery import make_gallery
from msm_mil_core.explain.selections.near_duplicates import alike
from msm_mil_core.explain.selections.top_tiles import PickOptions, pick_tiles
from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.progress import finish
from msm_mil_core.slides.slide import open_slide
from msm_mil_core.slides.tiling.tile_reader import tile_picture
from tests.results import a_prediction, block_of_tiles, tile_grid
from tests.slides import HOT, TISSUE, a_drawn_slide

ALL = PickOptions(count=200, fold=False)


def looking_at(*attentions) -> Prediction:
    """A prediction whose stages have these attentions."""
    drawn = a_prediction(len(attentions[0]), S=len(attentions))
    pairs = zip(drawn.stages, attentions, strict=True)
    return replace(drawn, stages=tuple(replace(stage, attention=np.float32(values)) for stage, values in pairs))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return a_drawn_slide(tmp_path_factory.mktemp("slides") / "drawn.tiff")


@given(st.integers(1, 80), st.integers(1, 20), st.booleans(), st.integers(0, 2**32 - 1))
def test_picks_go_down_in_attention_and_hold_every_candidate_once(N, count, fold, seed):
    rng = np.random.default_rng(seed)
    attention = np.where(rng.random(N) < 0.2, np.nan, rng.random(N))
    cells = rng.permutation(144)[:N]
    tiles = tile_grid(np.stack(np.divmod(cells, 12), 1))

    picks = pick_tiles(looking_at(attention), tiles, 0, PickOptions(count=count, fold=fold))

    held = [tile for pick in picks for tile in (pick.tile, *pick.folded)]
    assert len(picks) <= count
    assert len(set(held)) == len(held)
    assert not np.isnan(attention[held]).any()
    assert [pick.attention for pick in picks] == sorted((pick.attention for pick in picks), reverse=True)
    assert all(attention[tile] <= pick.attention for pick in picks for tile in pick.folded)
    if picks:
        assert picks[0].tile == np.nanargmax(attention)


def test_tiles_that_touch_a_better_one_are_folded_under_it():
    attention = [9, 1, 8, 0.1, 0.1, 7]  # the cells 0, 1 and 2 follow each other; 5 lies apart
    tiles = tile_grid([(0, 0), (1, 0), (2, 1), (9, 9), (20, 9), (5, 5)])

    picks = pick_tiles(looking_at(attention), tiles, 0, PickOptions(count=4))

    assert [(pick.tile, pick.folded) for pick in picks] == [(0, (1,)), (2, ()), (5, ()), (3, ())]


def test_a_tile_tells_which_other_stages_have_it_at_their_top():
    first, second, third = np.arange(20.0), np.arange(20.0), -np.arange(20.0)
    prediction = looking_at(first, second, third)

    best = pick_tiles(prediction, block_of_tiles(5, 4), 0, ALL)[0]
    last = pick_tiles(prediction, block_of_tiles(5, 4), 2, ALL)[0]

    assert (best.tile, best.place, best.also) == (19, 1, (1,))
    assert last.only_here


def test_a_stage_that_was_shown_nothing_has_no_picks():
    assert not pick_tiles(looking_at([np.nan] * 4), block_of_tiles(2, 2), 0, PickOptions())


def test_alike_is_what_differs_by_noise_alone():
    rng = np.random.default_rng(0)
    pink, blue = (np.full((32, 32, 3), rgb, float) for rgb in (TISSUE, HOT))
    halves = np.concatenate([pink[:16], blue[:16]])
    pictures = [pink, blue, pink + rng.normal(0, 3, pink.shape), halves, halves[::-1], blue + 2]

    first = alike(np.clip(pictures, 0, 255).astype(np.uint8))

    assert first.tolist() == [0, 1, 0, 3, 4, 1]


def test_the_gallery_shows_the_drawn_square_first_and_folds_what_looks_like_it(drawn):
    x, y = drawn.hot_px0[:2]
    tiles = tile_grid([(col, row) for row in range(2, 10) for col in range(4, 12)], side_px0=128)
    hot = (np.abs(tiles.xy_px0 - [x + 64, y + 64]) <= 64).all(axis=1)
    attention = np.where(hot, 1.0, 0.01) + np.linspace(0, 0.001, len(tiles))

    with open_slide(drawn.path) as slide:
        gallery = finish(make_gallery(slide, tiles, looking_at(attention), 0, PickOptions(count=4)))

    first, *others = gallery.tiles
    assert hot[first.pick.tile]
    assert set(first.pick.folded) >= set(np.flatnonzero(hot).tolist()) - {first.pick.tile}
    assert np.abs(first.picture.mean((0, 1)) - HOT).max() < 3
    assert all(np.abs(tile.picture.mean((0, 1)) - HOT).max() > 20 for tile in others)


def test_a_tile_is_seen_with_what_lies_around_it(drawn):
    tiles = tile_grid([(8, 4), (0, 0)], side_px0=128)  # the corner of the hot square; the corner of the slide

    with open_slide(drawn.path) as slide:
        near, far = tile_picture(slide, tiles, 0, 64), tile_picture(slide, tiles, 0, 64, 4.0)
        beyond = tile_picture(slide, tiles, 1, 64, 4.0)

    assert np.abs(near.mean((0, 1)) - HOT).max() < 3
    assert np.abs(far[32:40, 32:40].mean((0, 1)) - HOT).max() < 3
    assert np.abs(far[:12, :12].mean((0, 1)) - TISSUE).max() < 5
    assert (beyond[:16] == 255).all()


def test_a_gallery_can_be_dropped_between_two_tiles(drawn):
    with open_slide(drawn.path) as slide:
        work = make_gallery(slide, block_of_tiles(4, 4, 256), a_prediction(16), 0, PickOptions())
        next(work)
        work.close()


def test_unfolded_every_tile_is_shown_in_the_size_asked_for(drawn):
    tiles = block_of_tiles(3, 2, 256)

    with open_slide(drawn.path) as slide:
        gallery = finish(make_gallery(slide, tiles, a_prediction(6), 1, ALL, side_px=40))

    assert gallery.stage == 1
    assert [tile.pick.place for tile in gallery.tiles] == [1, 2, 3, 4, 5, 6]
    assert {tile.picture.shape for tile in gallery.tiles} == {(40, 40, 3)}


def test_a_slide_that_breaks_off_while_it_is_looked_at_is_told(drawn, tmp_path):
    broken = tmp_path / "broken.tiff"
    broken.write_bytes(drawn.path.read_bytes())

    with open_slide(broken) as slide:
        os.truncate(broken, 4096)
        with pytest.raises(SlideError, match=r"broken\.tiff opens, but .* cannot be read"):
            finish(make_gallery(slide, block_of_tiles(8, 6, 256), a_prediction(48), 0, ALL))
