"""Deletion and insertion curves as a small figure."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from msm_mil_core.display.stage_style import stage_rgb
from msm_mil_core.explain.examination_options import FaithfulnessOptions
from msm_mil_core.explain.faithfulness import Curve, Faithfulness, measure_faithfulness
from msm_mil_core.export.figures.faithfulness import faithfulness_figure
from msm_mil_core.export.figures.style import Sheet
from msm_mil_core.mil.predict import predict_bag
from msm_mil_core.progress import finish
from tests.models import a_bag, a_checkpoint

DARK = Sheet(width_px=430, dpi=96, ink="#F0F1F2", ground="#262930")
SHARES = np.linspace(0, 1, 5)


def a_curve(stage, deletion, *, sd=0.0):
    deletion = np.broadcast_to(np.asarray(deletion, float), SHARES.shape)
    spread = np.full(SHARES.shape, sd)
    return Curve(stage, deletion, deletion[::-1], spread, spread, sd, sd)


def measured(*stages, random_sd=0.0, answer="tumour"):
    """Curves drawn by hand: that of all stages together runs at a half, random ones at a quarter."""
    curves = (*(a_curve(stage, values) for stage, values in enumerate(stages)), a_curve(None, 0.5))
    return Faithfulness(answer, 0.9, SHARES, curves, a_curve(None, 0.25, sd=random_sd), ())


@pytest.mark.parametrize("S", [1, 3, 7])
@pytest.mark.parametrize("sheet", [Sheet(), DARK, Sheet(width_px=1001, dpi=193)])
def test_it_is_as_wide_as_the_sheet_and_shows_every_stage_in_its_colour(S, sheet):
    drawn = pixels(faithfulness_figure(measured(*(0.9 - 0.1 * stage for stage in range(S))), sheet))

    assert drawn.shape[1] == sheet.width_px
    assert all(count(drawn, stage_rgb(stage)) > 20 for stage in range(S))
    assert not any(count(drawn, stage_rgb(stage), near=1) for stage in range(S, 7))


def test_deletion_stands_left_and_insertion_right():
    falling = np.linspace(0.95, 0.6, 5)

    drawn = pixels(faithfulness_figure(measured(falling), Sheet()))

    heights = line_heights(drawn, stage_rgb(0))
    middle = len(heights) // 2
    left, right = heights[: middle - 40], heights[middle + 40 :]
    left, right = left[np.isfinite(left)], right[np.isfinite(right)]
    assert left[-1] - left[0] > 20  # further down on the page
    assert right[0] - right[-1] > 20


def test_the_band_of_chance_is_as_wide_as_chance_varies():
    narrow, wide = (pixels(faithfulness_figure(measured(0.9, random_sd=sd), Sheet())) for sd in (0.02, 0.2))

    assert count(wide, band_rgb(wide)) > 4 * count(narrow, band_rgb(wide))


def test_the_ink_is_that_of_the_sheet():
    light, dark = (pixels(faithfulness_figure(measured(0.9), sheet)) for sheet in (replace(DARK, ink="#FF00FF"), DARK))

    assert count(light, (255, 0, 255)) > 100
    assert count(dark, (255, 0, 255)) == 0


def test_curves_with_gaps_are_drawn():
    gaps = np.array([0.9, np.nan, 0.7, np.nan, np.nan])
    nothing = np.full(5, np.nan)

    drawn = pixels(faithfulness_figure(measured(gaps, nothing, random_sd=np.nan), DARK))

    assert count(drawn, (0xF0, 0xF1, 0xF2)) > 100


@pytest.mark.parametrize("answer", ["$\\frac{$", "a very long name of a class that nobody would read", "正常"])
def test_names_of_any_kind_leave_room_for_the_curves(answer):
    drawn = pixels(faithfulness_figure(measured(0.9, answer=answer), DARK))

    assert drawn.shape[1] == 430
    assert count(drawn, stage_rgb(0)) > 100


@pytest.mark.parametrize("N", [1, 2, 30])
def test_what_a_model_says_is_drawn_for_any_number_of_tiles(N):
    tile_outputs = predict_bag(a_checkpoint(), a_bag(N), device="cpu").tile_outputs
    found = finish(measure_faithfulness(tile_outputs, FaithfulnessOptions(points=5, draws=3)))

    drawn = pixels(faithfulness_figure(found, Sheet()))

    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) > 10


def pixels(png):
    with Image.open(BytesIO(png)) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def count(drawn, rgb, *, near=40):
    """Count the pixels of a colour; thin lines between two pixels have it only nearly."""
    return int((np.abs(drawn - rgb).max(axis=-1) < near).sum())


def band_rgb(drawn):
    """The colour of the band: the commonest that is neither the ground nor near it."""
    colours, counts = np.unique(drawn.reshape(-1, 3), axis=0, return_counts=True)
    grey = (np.ptp(colours, axis=1) < 8) & (colours.mean(axis=1) > 150) & (colours.mean(axis=1) < 245)
    return colours[grey][counts[grey].argmax()]


def line_heights(drawn, rgb):
    """The mean row in which each column shows a colour, below the legend; NaN where it does not."""
    marked = (drawn == rgb).all(axis=-1)
    marked[: len(drawn) // 5] = False
    rows = np.arange(len(marked))[:, None]
    return np.where(marked.any(0), (rows * marked).sum(0) / np.maximum(marked.sum(0), 1), np.nan)
