"""How many micrometres a pixel has, and who says so."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.pixel_size import SANE_MPP, find_pixel_size

SLIDE = Path("a.svs")


def told(x_um: object, y_um: object) -> dict[str, str]:
    return {"openslide.mpp-x": str(x_um), "openslide.mpp-y": str(y_um)}


def test_openslides_own_value_is_used():
    size = find_pixel_size(SLIDE, told(0.25, 0.25))

    assert (size.mpp, size.origin, size.remark) == (0.25, "openslide.mpp-x", "")


def test_nearly_square_pixels_have_the_mean_side():
    assert find_pixel_size(SLIDE, told(0.50, 0.51)).mpp == pytest.approx(0.505)


def test_pixels_that_are_not_square_are_not_believed():
    size = find_pixel_size(SLIDE, told(0.25, 0.50))

    assert (size.mpp, size.origin) == (None, "missing")
    assert "not square" in size.remark


@pytest.mark.parametrize(
    ("unit", "per_unit", "mpp"), [("centimeter", 20_000, 0.5), ("inch", 50_800, 0.5), ("inch", 101_600, 0.25)]
)
def test_a_tiffs_resolution_counts_where_openslide_says_nothing(unit: str, per_unit: int, mpp: float):
    properties = {"tiff.ResolutionUnit": unit, "tiff.XResolution": str(per_unit), "tiff.YResolution": str(per_unit)}

    size = find_pixel_size(SLIDE, properties)

    assert (size.mpp, size.origin) == (mpp, "tiff.XResolution")


@pytest.mark.parametrize(("ome_um", "mpp", "origin"), [(0.5, 0.5, "ome.PhysicalSizeX"), (500, 2.0, "openslide.mpp-x")])
def test_the_ome_xml_of_a_file_comes_first_where_it_is_plausible(ome_um: float, mpp: float, origin: str):
    pixels = f'<OME><Pixels PhysicalSizeX="{ome_um}" PhysicalSizeY="{ome_um}"/></OME>'

    size = find_pixel_size(SLIDE, told(2, 2) | {"tiff.ImageDescription": pixels})

    assert (size.mpp, size.origin) == (mpp, origin)


def test_a_resolution_for_printing_tells_nothing_and_the_remark_says_so():
    properties = {"tiff.ResolutionUnit": "inch", "tiff.XResolution": "72", "tiff.YResolution": "72"}

    size = find_pixel_size(SLIDE, properties)

    assert (size.mpp, size.origin) == (None, "missing")
    assert "352.8" in size.remark


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"openslide.mpp-x": "0.5"},
        told("much", "much"),
        {"tiff.ResolutionUnit": "inch"},
        {"tiff.ResolutionUnit": "none", "tiff.XResolution": "50800", "tiff.YResolution": "50800"},
        {"tiff.ResolutionUnit": "inch", "tiff.XResolution": "0", "tiff.YResolution": "0"},
    ],
)
def test_a_missing_value_is_missing_and_never_guessed(properties: dict[str, str]):
    size = find_pixel_size(SLIDE, properties)

    assert (size.mpp, size.origin, size.remark) == (None, "missing", "")


@given(st.floats(*SANE_MPP))
def test_a_typed_value_overrides_the_file(mpp: float):
    size = find_pixel_size(SLIDE, told(0.25, 0.25), mpp)

    assert (size.mpp, size.origin) == (mpp, "user")


@given(st.floats().filter(lambda mpp: not SANE_MPP[0] <= mpp <= SANE_MPP[1]))
def test_a_typed_value_that_no_slide_has_is_refused(mpp: float):
    with pytest.raises(SlideError, match=r"a\.svs.*from 0\.05 to 20"):
        find_pixel_size(SLIDE, {}, mpp)


@given(st.dictionaries(st.sampled_from([*told(1, 1), "tiff.ResolutionUnit", "tiff.XResolution"]), st.text(max_size=8)))
def test_whatever_a_file_says_the_value_is_sane_or_missing(properties: dict[str, str]):
    mpp = find_pixel_size(SLIDE, properties).mpp

    assert mpp is None or SANE_MPP[0] <= mpp <= SANE_MPP[1]
