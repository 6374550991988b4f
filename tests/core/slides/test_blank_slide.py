"""A white slide for features that have none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.slides.blank_slide import SMALLEST_PX, blank_slide
from msm_mil_core.slides.find_slide import find_slide
from msm_mil_core.slides.slide import NO_SLIDE
from tests.results import slide_facts

SIDES = st.integers(1, 200_000)


@given(width=SIDES, height=SIDES)
def test_levels_shrink_until_they_are_small_and_are_white(width: int, height: int):
    facts = replace(slide_facts((width, height)), reader=NO_SLIDE)

    slide = blank_slide(facts)

    sides = [max(level) for level in slide.level_sizes_px]
    assert slide.level_sizes_px[0] == (width, height)
    assert sides == sorted(sides, reverse=True)
    assert sides[-1] <= SMALLEST_PX
    assert (slide.read((0, 0), len(sides) - 1, (3, 2)) == 255).all()


def test_a_thumbnail_has_the_shape_of_the_slide():
    slide = blank_slide(replace(slide_facts((4000, 1000)), reader=NO_SLIDE))

    assert slide.thumbnail(200).shape == (50, 200, 3)
    assert np.unique(slide.thumbnail(200)).tolist() == [255]


def test_only_what_has_no_slide_is_blank(tmp_path: Path):
    facts = slide_facts()

    with pytest.raises(ValueError, match="is a slide"):
        blank_slide(facts)
    assert find_slide(replace(facts, path="/gone.svs"), tmp_path / "a.msm.h5") is None
    assert find_slide(replace(facts, reader=NO_SLIDE), tmp_path / "a.msm.h5").vendor == NO_SLIDE
