"""A slide coarser than the tiles is said with both numbers, and refused where it is far coarser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.tiling.resolution import check_resolution, resolution_warning

MPP = st.floats(0.05, 20)


@given(slide=MPP, tiles=MPP)
def test_the_two_limits_part_three_cases(slide: float, tiles: float):
    ratio = slide / tiles

    assert bool(resolution_warning("a.svs", slide, tiles)) == (ratio > 1.5)
    check_resolution("a.svs", slide, tiles, allow_coarse=True)
    if ratio > 4:
        with pytest.raises(SlideError, match=r"a\.svs has .*--allow-coarse"):
            check_resolution("a.svs", slide, tiles, allow_coarse=False)
    else:
        check_resolution("a.svs", slide, tiles, allow_coarse=False)


def test_both_pixel_sizes_are_named():
    assert "5 µm per pixel, enlarged 10.0 times to 0.5 µm" in resolution_warning("a.svs", 5.0, 0.5)


@pytest.mark.parametrize(("slide", "tiles"), [(None, 0.5), (5.0, None), (5.0, float("nan")), (None, None)])
def test_what_is_unknown_is_not_warned_about(slide: float | None, tiles: float | None):
    assert resolution_warning("a.svs", slide, tiles) == ""
    check_resolution("a.svs", slide, tiles, allow_coarse=False)
