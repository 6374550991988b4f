"""Small figures of a comparison, and what they show in words."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from msm_mil_core.display.stage_style import stage_rgb
from msm_mil_core.explain.comparison_options import CompareOptions
from msm_mil_core.explain.coverage import CoverageStep
from msm_mil_core.explain.stage_comparison import StageComparison, StagePair
from msm_mil_core.export.figures.comparison import NOTHING, coverage_figure, findings, pairs_figure
from msm_mil_core.export.figures.style import Sheet

DARK = Sheet(width_px=430, dpi=96, ink="#F0F1F2", ground="#262930")
NOWHERE = (np.nan, np.nan)
ALL_NEW = (CoverageStep(0, 10, 10, 0.1, 0.1, 10.0),)


def a_step(stage, tiles, new_tiles, *, tile_mm2=0.01):
    return CoverageStep(stage, tiles, new_tiles, tiles * tile_mm2, new_tiles * tile_mm2, by_chance_new_tiles=tiles / 2)


def a_pair(one=0, other=1, **changes):
    """A pair that lies in the midst of what chance gives."""
    usual = StagePair(
        one=one, other=other,
        overlap=0.1, overlap_by_chance=0.1, overlap_chance_range=(0.05, 0.15),
        rank_correlation=0.0, rank_correlation_chance_range=(-0.2, 0.2),
        distance_px0=500, distance_px0_by_chance=500, distance_px0_chance_range=(400, 600),
        grain_px0=100, mpp=0.5,
    )  # fmt: skip
    return replace(usual, **changes)


def said_of(*pairs, steps=ALL_NEW):
    return findings(StageComparison(CompareOptions(), pairs, tuple(steps)))


@pytest.mark.parametrize("S", [1, 3, 7])
@pytest.mark.parametrize("sheet", [Sheet(), DARK, Sheet(width_px=1001, dpi=193)])
def test_coverage_is_as_wide_as_the_sheet_and_shows_every_stage_in_its_colour(S, sheet):
    drawn = pixels(coverage_figure([a_step(stage, 10, 10 - stage) for stage in range(S)], sheet))

    assert drawn.shape[1] == sheet.width_px
    assert all(count(drawn, stage_rgb(stage)) > 200 for stage in range(S))
    assert not any(count(drawn, stage_rgb(stage)) for stage in range(S, 7))


def test_a_stage_that_adds_more_has_the_higher_bar():
    drawn = pixels(coverage_figure([a_step(0, 30, 30), a_step(1, 30, 10)], Sheet()))

    first, second = (np.flatnonzero((drawn == stage_rgb(stage)).all(-1).any(1)) for stage in (0, 1))
    assert np.ptp(first) == pytest.approx(3 * np.ptp(second), abs=10)
    assert second.max() < first.min() + 10  # it begins where the first ends


def test_coverage_is_drawn_in_tiles_where_areas_are_unknown_and_where_nothing_is_covered():
    unknown = coverage_figure([a_step(0, 10, 10, tile_mm2=np.nan), a_step(1, 10, 0, tile_mm2=np.nan)], DARK)
    nothing = coverage_figure([CoverageStep(0, 0, 0, 0.0, 0.0, 0.0)], DARK)

    assert count(pixels(unknown), stage_rgb(0)) > 200
    assert is_drawn(pixels(nothing))


def test_letters_keep_their_height_when_the_sheet_gets_wider():
    steps = [a_step(0, 10, 10)]

    narrow, wide = (pixels(coverage_figure(steps, Sheet(width_px=width))) for width in (500, 1000))

    assert narrow.shape[0] == wide.shape[0]


def test_a_clear_ground_lets_the_window_through():
    with Image.open(BytesIO(coverage_figure([a_step(0, 10, 10)], replace(DARK, ground="none")))) as picture:
        alpha = np.asarray(picture)[..., 3]

    assert alpha[0, 0] == 0
    assert alpha.max() == 255


@pytest.mark.parametrize("count", [1, 3, 21])
def test_pairs_get_one_line_each(count):
    pairs = [a_pair(at, at + 1) for at in range(count)]

    drawn = pixels(pairs_figure(pairs, DARK))

    assert is_drawn(drawn)
    assert drawn.shape[1] == 430
    assert drawn.shape[0] > 17 * count


def test_pairs_of_which_little_can_be_told_are_drawn():
    bare = a_pair(rank_correlation=np.nan, rank_correlation_chance_range=NOWHERE, mpp=np.nan)
    nothing = replace(bare, overlap=np.nan, overlap_chance_range=NOWHERE, distance_px0=np.nan)

    assert is_drawn(pixels(pairs_figure([bare, nothing], DARK)))


def test_nothing_is_no_figure():
    with pytest.raises(ValueError, match="no stage"):
        coverage_figure([], DARK)
    with pytest.raises(ValueError, match="no pair"):
        pairs_figure([], DARK)


def test_figures_that_chance_gives_as_well_are_no_findings():
    assert said_of(a_pair()) == (NOTHING,)


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        ({"overlap": 0.01}, "Stages 1 and 2 overlap less than chance would."),
        ({"overlap": 0.5}, "Stages 1 and 2 overlap more than chance would."),
        ({"rank_correlation": -0.9}, "Stages 1 and 2 rank tiles more in opposite order than chance would."),
        ({"rank_correlation": 0.9}, "Stages 1 and 2 rank tiles more alike than chance would."),
        ({"distance_px0": 100}, "Stages 1 and 2 attend to places closer together than chance would."),
        ({"distance_px0": 900}, "Stages 1 and 2 attend to places further apart than chance would."),
        ({"distance_px0": 900, "mpp": np.nan}, "Stages 1 and 2 attend to places further apart than chance would."),
    ],
)
def test_what_lies_beyond_chance_is_a_finding(figure, said):
    assert said_of(a_pair(**figure)) == (said,)


def test_pairs_of_one_kind_share_a_sentence():
    apart = {"overlap": 0.0}
    two = said_of(a_pair(0, 1, **apart), a_pair(0, 2), a_pair(1, 2, **apart))
    every = said_of(a_pair(0, 1, **apart), a_pair(0, 2, **apart), a_pair(1, 2, **apart))
    many = said_of(a_pair(7, 8), *(a_pair(at, at + 1, **apart) for at in range(7)))

    assert two == ("2 of 3 pairs of stages (1 – 2, 2 – 3) overlap less than chance would.",)
    assert every == ("All 3 pairs of stages overlap less than chance would.",)
    assert many == ("7 of 8 pairs of stages overlap less than chance would.",)


def test_stages_that_add_nothing_are_named():
    one = said_of(a_pair(), steps=[a_step(0, 10, 10), a_step(1, 10, 0), a_step(2, 10, 3)])
    more = said_of(a_pair(), steps=[a_step(0, 10, 10), *(a_step(stage, 10, 0) for stage in (1, 2, 3))])

    assert one == ("Stage 2 adds nothing new.",)
    assert more == ("Stages 2, 3 and 4 add nothing new.",)


def test_what_cannot_be_told_is_no_finding():
    unknown = a_pair(overlap=np.nan, rank_correlation=np.nan, rank_correlation_chance_range=NOWHERE)

    assert said_of(unknown) == (NOTHING,)


def pixels(png):
    with Image.open(BytesIO(png)) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def count(drawn, rgb):
    return int((drawn == rgb).all(axis=-1).sum())


def is_drawn(drawn):
    return len(np.unique(drawn.reshape(-1, 3), axis=0)) > 10
