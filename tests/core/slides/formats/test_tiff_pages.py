"""TIFFs of no known scanner: what openslide would show wrongly is refused, what it leaves out is said."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.formats.tiff.directories import TIFF_MARKS
from msm_mil_core.slides.formats.tiff_pages import read_pages
from msm_mil_core.slides.slide import is_slide, open_slide

RGB = np.random.default_rng(0).integers(0, 255, (512, 512, 3), np.uint8)
PLANES = np.ascontiguousarray(np.moveaxis(RGB, 2, 0))
TILED = {"tile": (256, 256), "compression": "zlib"}


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_pages_of_every_kind_of_tiff_are_read(tmp_path: Path, order: str, big: bool):
    with tifffile.TiffWriter(tmp_path / "a.tif", byteorder=order, bigtiff=big) as tiff:
        tiff.write(RGB, photometric="rgb", **TILED)
        tiff.write(RGB[:256, :128, 0], photometric="minisblack", subfiletype=1)

    first, second = read_pages(tmp_path / "a.tif")

    assert (first.size_px, first.samples, first.grey, first.reduced) == ((512, 512), 3, False, False)
    assert (second.size_px, second.samples, second.grey, second.reduced) == ((128, 256), 1, True, True)


def test_colours_in_planes_are_read_as_they_are(tmp_path: Path):
    tifffile.imwrite(tmp_path / "a.tif", PLANES, planarconfig="separate", photometric="rgb", **TILED)

    with open_slide(tmp_path / "a.tif") as slide:
        assert (slide.read((0, 0), 0, (512, 512)) == RGB).all()


@pytest.mark.parametrize(
    ("pixels", "how"),
    [
        (PLANES, {"photometric": "minisblack", "planarconfig": "separate"}),
        (RGB, {"photometric": "minisblack", "planarconfig": "contig"}),
        (PLANES, {"photometric": "minisblack", "metadata": {"axes": "CYX"}, "ome": True}),
    ],
    ids=["planes", "pixels", "pages"],
)
def test_colours_that_would_be_shown_in_grey_are_refused_with_a_way_out(tmp_path: Path, pixels, how):
    tifffile.imwrite(tmp_path / "grey.tif", pixels, **TILED, **how)

    with pytest.raises(SlideError, match=r"grey\.tif stores.*in grey.*Convert it to RGB"):
        open_slide(tmp_path / "grey.tif")
    assert not is_slide(tmp_path / "grey.tif")


@pytest.mark.parametrize("ome", [False, True])
def test_of_several_images_it_is_said_which_is_shown(tmp_path: Path, ome: bool):
    with tifffile.TiffWriter(tmp_path / "two.tif", ome=ome) as tiff:
        tiff.write(RGB, photometric="rgb", **TILED)
        tiff.write(RGB[:256, :256], photometric="rgb", subfiletype=1, **TILED, **({} if ome else {"metadata": None}))
        tiff.write(RGB[:300], photometric="rgb", **TILED)

    with open_slide(tmp_path / "two.tif") as slide:
        assert "images (series); the first is shown and used, 512 x 512 pixels" in slide.remark


def test_a_pyramid_is_one_image(tmp_path: Path):
    with tifffile.TiffWriter(tmp_path / "one.tif") as tiff:
        for level in range(3):
            part = np.ascontiguousarray(RGB[:: 2**level, :: 2**level])
            tiff.write(part, photometric="rgb", subfiletype=int(level > 0), metadata=None, **TILED)

    with open_slide(tmp_path / "one.tif") as slide:
        assert slide.remark == ""


@given(mark=st.sampled_from(TIFF_MARKS), rest=st.binary(max_size=300))
def test_whatever_a_file_holds_its_pages_come_to_an_end(tmp_path_factory, mark: bytes, rest: bytes):
    path = tmp_path_factory.mktemp("any") / "a.tif"
    path.write_bytes(mark + rest)

    assert len(read_pages(path)) <= 4096
