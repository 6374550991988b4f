"""The size of a pixel in OME-XML: every unit, and nothing where there is none to rely on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.slides.formats.ome import ome_pixel_size_um

NAMESPACE = "http://www.openmicroscopy.org/Schemas/OME/2016-06"


def said(*images: str, prefix: str = "") -> dict[str, str]:
    """The properties of a slide whose OME-XML has these attributes of pixels."""
    colon = f"{prefix}:" if prefix else ""
    bodies = "".join(
        f'<{colon}Image><{colon}Pixels {image}><{colon}TiffData IFD="{number}"/></{colon}Pixels></{colon}Image>'
        for number, image in enumerate(images)
    )
    declared = f'xmlns{":" * bool(prefix)}{prefix}="{NAMESPACE}"'
    return {"tiff.ImageDescription": f'<?xml version="1.0"?><{colon}OME {declared}>{bodies}</{colon}OME>'}


@pytest.mark.parametrize("prefix", ["", "ome"])
@pytest.mark.parametrize(
    ("unit", "side"),
    [
        ("", 0.25),
        ("µm", 0.25),
        ("μm", 0.25),
        ("nm", 250),
        ("mm", 0.00025),
        ("cm", 0.000025),
        ("m", 2.5e-7),
        ("Å", 2500),
    ],
)
def test_every_unit_comes_to_micrometres(unit: str, side: float, prefix: str):
    units = f'PhysicalSizeXUnit="{unit}" PhysicalSizeYUnit="{unit}"' if unit else ""

    found = ome_pixel_size_um(said(f'PhysicalSizeX="{side}" PhysicalSizeY="{side}" {units}', prefix=prefix))

    assert found == pytest.approx((0.25, 0.25))


def test_sides_may_differ_in_length_and_unit():
    sides = 'PhysicalSizeX="0.25" PhysicalSizeY="500" PhysicalSizeYUnit="nm"'

    assert ome_pixel_size_um(said(sides)) == pytest.approx((0.25, 0.5))


def test_of_several_images_the_one_on_the_first_page_counts():
    first, second = 'PhysicalSizeX="0.25" PhysicalSizeY="0.25"', 'PhysicalSizeX="9" PhysicalSizeY="9"'
    swapped = said(second, first)["tiff.ImageDescription"].replace('IFD="0"', 'IFD="x"').replace('IFD="1"', 'IFD="0"')

    assert ome_pixel_size_um(said(first, second)) == (0.25, 0.25)
    assert ome_pixel_size_um({"tiff.ImageDescription": swapped}) == (0.25, 0.25)


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"tiff.ImageDescription": "Aperio"},
        {"tiff.ImageDescription": "<OME><Pixels"},
        {"tiff.ImageDescription": "<OME/>"},
        {"tiff.ImageDescription": '<!DOCTYPE OME [<!ENTITY a "aaaa">]><OME><Pixels PhysicalSizeX="1"/></OME>'},
        said('PhysicalSizeX="0.25"'),
        said('PhysicalSizeX="a" PhysicalSizeY="b"'),
        said('PhysicalSizeX="1" PhysicalSizeXUnit="pixel" PhysicalSizeY="1" PhysicalSizeYUnit="pixel"'),
    ],
)
def test_what_is_not_said_is_not_guessed(properties: dict[str, str]):
    assert ome_pixel_size_um(properties) is None


@given(st.text(max_size=60))
def test_any_text_is_read_or_passed_over(text: str):
    ome_pixel_size_um({"tiff.ImageDescription": f"<OME>{text}"})
