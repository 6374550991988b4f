"""Pictures without a pyramid open as slides of one level: upright, in RGB, over white, and not without bound."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.find_slide import find_slide
from msm_mil_core.slides.formats import picture
from msm_mil_core.slides.formats.picture import picture_kind
from msm_mil_core.slides.slide import is_slide, open_slide
from msm_mil_core.slides.tiling.read_plan import plan_read
from msm_mil_core.slides.tiling.tile_reader import read_tile
from tests.slides import HOT, TISSUE, a_picture, write_slide

HALVES = a_picture((64, 48), {(0, 0, 32, 48): TISSUE, (32, 0, 32, 48): HOT})
"""64 x 48 px, tissue on the left, hot on the right."""
ORIENTATION = 0x0112


def pixels_of(path: Path, mpp: float | None = 1.0) -> np.ndarray:
    with open_slide(path, mpp) as slide:
        return slide.read((0, 0), 0, slide.facts.size_px0)


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.tiff"])
def test_a_picture_is_a_slide_of_one_level_with_its_own_pixels(tmp_path: Path, name: str):
    path = tmp_path / name
    Image.fromarray(HALVES).save(path)

    with open_slide(path, mpp=0.5) as slide:
        pixels, facts = slide.read((0, 0), 0, (64, 48)), slide.facts
        outside = slide.read((60, 46), 0, (8, 8))

    assert (pixels == HALVES).all()
    assert (facts.name, facts.size_px0, facts.mpp, facts.mpp_origin) == (name, (64, 48), 0.5, "user")
    assert slide.level_sizes_px == ((64, 48),)
    assert (outside[:2, :4] == HALVES[46:, 60:]).all()
    assert (outside[2:] == 255).all()
    assert (outside[:, 4:] == 255).all()
    assert not is_slide(path)  # dropped on the window, pictures are left to other readers


def test_a_real_photograph_is_read_as_pillow_reads_it(shared: Callable[[str], Path]):
    path = sorted(shared("tiles/lung/lung_aca").glob("*.jpeg"))[0]

    with open_slide(path, mpp=1.0) as slide:
        tile = read_tile(slide, plan_read(224, 224, slide.facts.size_px0, slide.level_sizes_px), (0, 0))

    assert slide.vendor == "jpeg"
    assert (tile == np.asarray(Image.open(path).convert("RGB"))).all()


@given(st.tuples(st.integers(1, 300), st.integers(1, 300)), st.integers(1, 100))
def test_the_thumbnail_of_a_picture_has_its_shape(tmp_path_factory, size_px: tuple[int, int], side_px: int):
    path = tmp_path_factory.getbasetemp() / "drawn.png"
    Image.new("RGB", size_px, TISSUE).save(path)

    with open_slide(path, mpp=1.0) as slide:
        height, width, _ = slide.thumbnail(side_px).shape

    assert max(width, height) == min(side_px, max(size_px))


@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, 3), (8, 1)])
@pytest.mark.parametrize("suffix", ["jpeg", "tiff", "png"])
def test_a_camera_held_on_its_side_gives_an_upright_picture(tmp_path: Path, orientation: int, turns: int, suffix: str):
    image, path = Image.fromarray(HALVES), tmp_path / f"turned.{suffix}"
    exif = image.getexif()
    exif[ORIENTATION] = orientation
    image.save(path, exif=exif)

    pixels = pixels_of(path)

    expected = np.rot90(HALVES, turns)
    assert pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected).mean() < 8  # JPEG loses a little


def test_grey_and_palette_and_transparency_become_rgb_over_white(tmp_path: Path):
    grey = Image.fromarray(HALVES).convert("L")
    grey.save(tmp_path / "grey.png")
    Image.fromarray(HALVES).quantize(16).save(tmp_path / "palette.png")
    seen = Image.fromarray(HALVES).convert("RGBA")
    seen.putalpha(Image.fromarray(np.where(np.arange(64) < 32, 255, 0).astype(np.uint8)[None].repeat(48, 0)))
    seen.save(tmp_path / "clear.png")
    grey.convert("1").save(tmp_path / "bits.tif")

    assert (pixels_of(tmp_path / "grey.png") == np.asarray(grey)[..., None]).all()
    np.testing.assert_allclose(pixels_of(tmp_path / "palette.png"), HALVES, atol=30)
    assert (pixels_of(tmp_path / "clear.png")[:, :32] == HALVES[:, :32]).all()
    assert (pixels_of(tmp_path / "clear.png")[:, 32:] == 255).all()
    assert set(np.unique(pixels_of(tmp_path / "bits.tif"))) <= {0, 255}


DEEP = {
    "CMYK": "stores its colours as the inks of a printer",
    "I;16": "stores 16 bits a channel",
    "I": "stores (32 bits a channel|numbers with a sign)",
    "F": "stores numbers with a fraction",
    "LAB": "stores its colours as CIE Lab",
}
"""By Pillow's names of how pixels are stored, which nobody else knows."""


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [("CMYK", "jpeg"), ("CMYK", "tif"), ("I;16", "png"), ("I;16", "tif"), ("I", "tif"), ("F", "tif"), ("LAB", "tif")],
)
def test_colours_that_would_be_guessed_are_refused_with_what_to_do(tmp_path: Path, mode: str, suffix: str):
    Image.new(mode, (8, 8)).save(tmp_path / f"deep.{suffix}")

    with pytest.raises(SlideError, match=rf"deep\.{suffix} {DEEP[mode]}.*; bright-field slides .*export it again"):
        open_slide(tmp_path / f"deep.{suffix}")


def test_channels_in_pages_of_their_own_are_refused(tmp_path: Path):
    tifffile.imwrite(tmp_path / "channels.tif", np.zeros((3, 32, 32), np.uint8), photometric="minisblack")

    with pytest.raises(SlideError, match="stores its channels in 3 separate pages"):
        open_slide(tmp_path / "channels.tif")


def test_what_is_too_large_to_decode_is_refused_before_it_is_decoded(tmp_path: Path, monkeypatch):
    Image.new("1", (60_000, 30_000)).save(tmp_path / "huge.png")
    Image.new("RGB", (9, 9)).save(tmp_path / "nine.png")

    with pytest.raises(SlideError, match=r"huge\.png has 60000 x 30000 pixels without a pyramid.*tiled pyramid"):
        open_slide(tmp_path / "huge.png")
    monkeypatch.setattr(picture, "MOST_PX", 80)
    with pytest.raises(SlideError, match=r"nine\.png has 9 x 9"):
        open_slide(tmp_path / "nine.png")


@given(st.floats(0, 0.99), st.sampled_from(["png", "jpeg", "tif"]))
def test_a_picture_that_is_cut_off_is_refused_with_its_name(tmp_path_factory, share: float, suffix: str):
    path = tmp_path_factory.getbasetemp() / f"cut.{suffix}"
    Image.fromarray(HALVES).save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * (len(whole) - 8))])

    with pytest.raises(SlideError, match=rf"cut\.{suffix} .*again"):
        open_slide(path)


@pytest.mark.parametrize("suffix", ["png", "jpeg", "tif"])
def test_a_picture_that_is_cut_off_is_refused_whatever_other_packages_told_pillow(tmp_path, monkeypatch, suffix):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    path = tmp_path / f"cut.{suffix}"
    Image.fromarray(HALVES).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    with pytest.raises(SlideError, match=rf"cut\.{suffix} .*again"):
        open_slide(path)
    assert ImageFile.LOAD_TRUNCATED_IMAGES


def test_only_a_tiff_may_state_the_size_of_its_pixels(tmp_path: Path):
    Image.fromarray(HALVES).save(tmp_path / "printed.jpeg", dpi=(300, 300))
    tifffile.imwrite(
        tmp_path / "scope.tif", HALVES, resolution=(20_000, 20_000), resolutionunit="CENTIMETER", metadata=None
    )

    with open_slide(tmp_path / "scope.tif") as scope, open_slide(tmp_path / "printed.jpeg") as printed:
        assert scope.require_mpp() == pytest.approx(0.5)
        with pytest.raises(SlideError, match=r"printed\.jpeg.*Give it: --mpp"):
            printed.require_mpp()


def test_a_result_finds_its_picture_again_and_no_other(tmp_path: Path):
    path = tmp_path / "case.png"
    Image.fromarray(HALVES).save(path)
    facts = open_slide(path, mpp=0.7).facts

    found = find_slide(facts, tmp_path / "case.msm.h5")
    Image.fromarray(HALVES[::-1]).save(path)

    assert found is not None
    assert found.facts == facts
    assert find_slide(facts, tmp_path / "case.msm.h5") is None


def test_a_file_is_what_it_begins_as_whatever_its_name(tmp_path: Path):
    write_slide(tmp_path / "pyramid.png", HALVES, levels=1)
    Image.fromarray(HALVES).save(tmp_path / "really", "png")

    assert picture_kind(tmp_path / "pyramid.png") == "tiff"
    assert open_slide(tmp_path / "pyramid.png").vendor == "generic-tiff"  # in tiles: openslide reads it
    assert open_slide(tmp_path / "really").vendor == "png"
