"""TIFFs as many programs write them: each shows its own pixels, or is refused in a sentence before a pixel is read."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.slide import open_slide
from tests.tiled_slides import a_field

FIELD = a_field((300, 200))
GREY = np.ascontiguousarray(FIELD[..., 0])
OPACITY = np.full((200, 300, 1), 255, np.uint8)
OPACITY[:50], OPACITY[50:100] = 0, 128
PLAIN = {"metadata": None, "software": False}
LAYOUTS: dict[str, dict[str, Any]] = {"tiles": {"tile": (128, 128)}, "strips": {"rowsperstrip": 32}}
ORIENTATION = 274


def write(path: Path, pixels: np.ndarray, layout: str, **how: Any) -> Path:
    tifffile.imwrite(path, pixels, **{"photometric": "rgb", **PLAIN, **LAYOUTS[layout], **how})
    return path


def shown(path: Path) -> np.ndarray:
    with open_slide(path, mpp=0.5) as slide:
        return slide.read((0, 0), 0, slide.facts.size_px0)


def over_white(colours: np.ndarray, opacity: np.ndarray) -> np.ndarray:
    return np.rint(colours * (opacity / 255) + (255 - opacity.astype(float)))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("how", [None, "lzw", "zlib", "zstd", "lzma", "packbits", "jpeg2000", "webp", "png", "jpegxl"])
def test_a_compression_without_loss_gives_the_pixels_back(tmp_path: Path, layout: str, how: str | None):
    path = write(tmp_path / "a.tif", FIELD, layout, compression=how)

    np.testing.assert_array_equal(shown(path), FIELD)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("big", [False, True])
def test_the_order_of_bytes_and_the_size_of_offsets_do_not_matter(tmp_path: Path, layout: str, order, big: bool):
    path = write(tmp_path / "a.tif", FIELD, layout, byteorder=order, bigtiff=big)

    np.testing.assert_array_equal(shown(path), FIELD)


UNREAD = {
    "32 bits": (FIELD.astype(np.uint32), {}, "stores 32 bits a channel"),
    "float": (FIELD.astype(np.float32), {}, "stores numbers with a fraction"),
    "half": (FIELD.astype(np.float16), {}, "stores numbers with a fraction"),
    "sign": (FIELD.astype(np.int8), {}, "stores numbers with a sign"),
    "deep grey": (GREY.astype(np.uint16), {"photometric": "minisblack"}, "stores 16 bits a channel"),
    "inks": (np.dstack([FIELD, GREY]), {"photometric": "separated"}, r"stores its colours as the inks .*\(CMYK\)"),
    "Lab": (FIELD, {"photometric": "cielab"}, "stores its colours as CIE Lab"),
    "ICC Lab": (FIELD, {"photometric": "icclab"}, "stores its colours as CIE Lab"),
    "five": (np.dstack([FIELD, FIELD[..., :2]]), {"extrasamples": [0, 0]}, "has 5 channels, as fluorescence has"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", UNREAD)
def test_what_is_no_colour_of_8_bits_is_refused_before_it_is_read(tmp_path: Path, layout: str, kind: str):
    pixels, how, words = UNREAD[kind]
    path = write(tmp_path / "a.tif", pixels, layout, **how)

    with pytest.raises(SlideError, match=rf"a\.tif {words}.*Convert it to RGB"):
        open_slide(path)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("apart", [False, True])
def test_white_shows_where_a_slide_is_transparent(tmp_path: Path, layout: str, apart: bool):
    rgba = np.dstack([FIELD, OPACITY])
    how = {"planarconfig": "separate"} if apart else {}
    pixels = np.ascontiguousarray(np.moveaxis(rgba, 2, 0)) if apart else rgba

    seen = shown(write(tmp_path / "a.tif", pixels, layout, extrasamples=["unassalpha"], **how))

    np.testing.assert_allclose(seen, over_white(FIELD, OPACITY), atol=2)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("levels", [1, 2])
def test_colours_multiplied_by_their_opacity_are_not_multiplied_again(tmp_path: Path, layout: str, levels: int):
    rgba = np.dstack([np.rint(FIELD * (OPACITY / 255)).astype(np.uint8), OPACITY])
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        for step in range(levels):
            how = {"subifds": levels - 1} if step == 0 else {"subfiletype": 1}
            part = np.ascontiguousarray(rgba[:: 2**step, :: 2**step])
            tiff.write(part, photometric="rgb", extrasamples=["assocalpha"], **PLAIN, **LAYOUTS[layout], **how)

    np.testing.assert_allclose(shown(tmp_path / "a.tif"), over_white(FIELD, OPACITY), atol=2)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_value_that_is_not_said_to_be_opacity_is_none(tmp_path: Path, layout: str):
    path = write(tmp_path / "a.tif", np.dstack([FIELD, OPACITY]), layout, extrasamples=["unspecified"])

    np.testing.assert_array_equal(shown(path), FIELD)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_grey_may_be_transparent_too(tmp_path: Path, layout: str):
    how = {"photometric": "minisblack", "planarconfig": "contig", "extrasamples": ["unassalpha"]}
    path = write(tmp_path / "a.tif", np.dstack([GREY, OPACITY]), layout, **how)

    np.testing.assert_allclose(shown(path), over_white(np.dstack([GREY] * 3), OPACITY), atol=1)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("photometric", ["rgb", "minisblack", "miniswhite"])
def test_levels_below_a_page_are_those_of_grey_and_of_16_bits_too(tmp_path: Path, kind, photometric: str):
    if kind is np.uint16 and photometric != "rgb":
        pytest.skip("grey of 16 bits is fluorescence, and refused")
    image = (FIELD if photometric == "rgb" else GREY).astype(kind) * (257 if kind is np.uint16 else 1)
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        tiff.write(image, photometric=photometric, subifds=1, tile=(128, 128), **PLAIN)
        tiff.write(np.ascontiguousarray(image[::2, ::2]), photometric=photometric, subfiletype=1, tile=(128, 128))
    grey = 255 - GREY if photometric == "miniswhite" else GREY

    with open_slide(tmp_path / "a.tif") as slide:
        assert slide.level_sizes_px == ((300, 200), (150, 100))
    np.testing.assert_array_equal(
        shown(tmp_path / "a.tif"), FIELD if photometric == "rgb" else np.dstack([grey, grey, grey])
    )


UPRIGHT = {
    1: lambda image: image,
    2: np.fliplr,
    3: lambda image: np.rot90(image, 2),
    4: np.flipud,
    5: lambda image: image.transpose(1, 0, 2),
    6: lambda image: np.rot90(image, 3),
    7: lambda image: np.rot90(image.transpose(1, 0, 2), 2),
    8: np.rot90,
}
"""What is seen of an image that is stored with each of TIFF's orientations."""


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("orientation", [*UPRIGHT, 0, 9])
def test_an_image_that_is_turned_or_mirrored_is_shown_upright(tmp_path: Path, layout: str, orientation: int):
    path = write(tmp_path / "a.tif", FIELD, layout, extratags=[(ORIENTATION, 3, 1, orientation, True)])

    np.testing.assert_array_equal(shown(path), UPRIGHT.get(orientation, UPRIGHT[1])(FIELD))


def test_a_turned_slide_that_is_too_large_for_a_picture_says_how_to_turn_it(tmp_path: Path, monkeypatch):
    path = write(tmp_path / "a.tif", FIELD, "tiles", extratags=[(ORIENTATION, 3, 1, 6, True)])
    monkeypatch.setattr("msm_mil_core.slides.formats.tiff.generic_tiff.MOST_PX", 1000)

    with pytest.raises(SlideError, match=r"a\.tif is stored turned or mirrored.*vips autorot"):
        open_slide(path)


def test_the_largest_image_is_shown_with_its_own_size_of_a_pixel(tmp_path: Path):
    def described(side: float) -> dict[str, Any]:
        return {"PhysicalSizeX": side, "PhysicalSizeY": side}

    with tifffile.TiffWriter(tmp_path / "a.ome.tif", ome=True) as tiff:
        tiff.write(FIELD[:60, :80], photometric="rgb", tile=(64, 64), metadata=described(8))
        tiff.write(FIELD, subifds=1, photometric="rgb", tile=(64, 64), metadata=described(0.25))
        tiff.write(np.ascontiguousarray(FIELD[::2, ::2]), subfiletype=1, photometric="rgb", tile=(64, 64))
        tiff.write(FIELD[:90, :90], photometric="rgb", tile=(64, 64), metadata=described(4))

    with open_slide(tmp_path / "a.ome.tif") as slide:
        assert (slide.facts.mpp, slide.facts.mpp_origin) == (0.25, "ome.PhysicalSizeX")
        assert slide.level_sizes_px == ((300, 200), (150, 100))
        assert slide.remark == "a.ome.tif holds 3 images (series); the largest is shown and used, 300 x 200 pixels."
    np.testing.assert_array_equal(shown(tmp_path / "a.ome.tif"), FIELD)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_thumbnail_before_the_image_is_not_taken_for_it(tmp_path: Path, layout: str):
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        tiff.write(np.ascontiguousarray(FIELD[::8, ::8]), photometric="rgb", **PLAIN)
        tiff.write(FIELD, photometric="rgb", **PLAIN, **LAYOUTS[layout])

    np.testing.assert_array_equal(shown(tmp_path / "a.tif"), FIELD)


UNITS = ["micron", "um", "µm", "\\u00B5m", "nm", "mm", "cm", "inch"]
UM = {"nm": 1e-3, "mm": 1e3, "cm": 1e4, "inch": 25_400.0}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("unit", UNITS)
def test_fiji_says_the_size_of_a_pixel_in_its_own_unit(tmp_path: Path, layout: str, unit: str):
    per_unit = UM.get(unit, 1.0) / 0.25
    text = f"ImageJ=1.54f\nunit={unit}\n".encode()
    path = write(tmp_path / "a.tif", FIELD, layout, resolution=(per_unit,) * 2, resolutionunit=1, description=text)

    with open_slide(path) as slide:
        assert slide.facts.mpp == pytest.approx(0.25)
        assert slide.facts.mpp_origin == "imagej.unit"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_ome_xml_is_read_of_tiles_and_of_strips(tmp_path: Path, layout: str):
    size = {f"PhysicalSize{axis}": 0.25 for axis in "XY"} | {f"PhysicalSize{axis}Unit": "µm" for axis in "XY"}
    tifffile.imwrite(tmp_path / "a.ome.tif", FIELD, photometric="rgb", ome=True, metadata=size, **LAYOUTS[layout])

    with open_slide(tmp_path / "a.ome.tif") as slide:
        assert (slide.facts.mpp, slide.facts.mpp_origin) == (0.25, "ome.PhysicalSizeX")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(0.02, 0.999), st.sampled_from(list(LAYOUTS)), st.sampled_from([None, "zlib", "jpeg", "jpeg2000"]))
def test_a_file_without_its_end_is_cut_off(tmp_path: Path, share: float, layout: str, how: str | None):
    path = write(tmp_path / "a.tif", FIELD, layout, compression=how)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])

    with pytest.raises(SlideError, match=r"a\.tif is cut off: .*again"):
        open_slide(path)


def test_a_file_that_was_never_written_to_its_end_holds_no_image(tmp_path: Path):
    (tmp_path / "a.tif").write_bytes(b"II*\0\x08\0\0\0" + b"\0" * 40)

    with pytest.raises(SlideError, match=r"a\.tif (holds no image|is cut off).*again"):
        open_slide(tmp_path / "a.tif")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_strips_without_data_are_not_shown_in_black(tmp_path: Path, layout: str):
    path = write(tmp_path / "a.tif", FIELD, layout, compression="zlib", byteorder=">", bigtiff=True)
    with tifffile.TiffFile(path, mode="r+") as tiff:
        counts = tiff.pages[0].tags["TileByteCounts" if layout == "tiles" else "StripByteCounts"]
        counts.overwrite([0] * len(counts.value))

    try:
        seen = shown(path)
    except SlideError as exc:
        assert "never written" in str(exc)
    else:
        assert (seen == 255).all()


def test_a_palette_and_single_bits_are_shown(tmp_path: Path):
    palette = Image.fromarray(FIELD).quantize(32)
    palette.save(tmp_path / "palette.tif")
    bits = write(tmp_path / "bits.tif", GREY > 128, "tiles", photometric="minisblack")

    np.testing.assert_array_equal(shown(tmp_path / "palette.tif"), np.asarray(palette.convert("RGB")))
    np.testing.assert_array_equal(shown(bits)[..., 0], np.where(GREY > 128, 255, 0))
