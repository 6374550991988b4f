"""TIFFs in tiles that openslide does not open, or only in part: pyramids below a page, planes, other compressions."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.find_slide import find_slide
from msm_mil_core.slides.slide import open_slide
from tests.level_files import write_ome_tiff
from tests.tiled_slides import a_field

FIELD = a_field((700, 500))
STEPS = (1, 2, 4)


def levels_of(image: np.ndarray) -> list[np.ndarray]:
    return [image if step == 1 else np.asarray(Image.fromarray(image).reduce(step)) for step in STEPS]


@pytest.mark.parametrize("colours", ["together", "planes", "pages"])
@pytest.mark.parametrize("compression", [None, "zlib", "lzw", "zstd"])
def test_every_level_below_the_first_page_is_read_as_it_was_written(tmp_path: Path, colours, compression):
    path = write_ome_tiff(tmp_path / "a.ome.tif", FIELD, steps=STEPS, colours=colours, compression=compression)

    with open_slide(path) as slide:
        pixels = [slide.read((0, 0), level, size) for level, size in enumerate(slide.level_sizes_px)]
        facts = slide.facts

    assert (facts.reader, slide.vendor) == ("tifffile", "ome-tiff")
    assert (facts.mpp, facts.mpp_origin) == (0.25, "ome.PhysicalSizeX")
    for read, written in zip(pixels, levels_of(FIELD), strict=True):
        np.testing.assert_array_equal(read, written)


@pytest.mark.parametrize(("side", "unit"), [(0.25, "µm"), (250.0, "nm"), (0.00025, "mm")])
def test_the_size_of_a_pixel_is_taken_with_its_unit(tmp_path: Path, side: float, unit: str):
    path = write_ome_tiff(tmp_path / "a.ome.tif", FIELD, um=(side, unit))

    assert open_slide(path).require_mpp() == pytest.approx(0.25)


def test_without_a_size_it_is_asked_for(tmp_path: Path):
    path = write_ome_tiff(tmp_path / "a.ome.tif", FIELD, um=None)

    with open_slide(path) as slide, pytest.raises(SlideError, match="Give it: --mpp"):
        slide.require_mpp()
    assert open_slide(path, mpp=0.5).facts.mpp_origin == "user"


def test_jpeg_below_a_page_is_decoded_directly_and_at_scale(tmp_path: Path):
    path = write_ome_tiff(tmp_path / "a.ome.tif", FIELD, steps=STEPS, compression="jpeg")

    with open_slide(path) as slide:
        whole, half = slide.read((0, 0), 0, (700, 500)), slide.read((0, 0), 0, (350, 250), 2)

    assert slide.facts.reader == "direct-scaled"
    assert len(slide.level_sizes_px) == 3
    assert np.abs(whole.astype(int) - FIELD).mean() < 5
    assert np.abs(half - np.asarray(Image.fromarray(whole).reduce(2)).astype(int)).mean() < 3


def test_openslide_can_still_be_asked_for_and_knows_the_same_slide(tmp_path: Path):
    path = write_ome_tiff(tmp_path / "a.ome.tif", FIELD, steps=STEPS)

    with open_slide(path) as ours, open_slide(path, reader="openslide") as openslide:
        assert (ours.facts.quick_hash, ours.facts.size_px0) == (openslide.facts.quick_hash, openslide.facts.size_px0)
        assert (len(ours.level_sizes_px), len(openslide.level_sizes_px)) == (3, 1)
        assert find_slide(openslide.facts, tmp_path / "a.msm.h5") is not None


def test_opacity_lets_the_background_through(tmp_path: Path):
    opacity = np.zeros((*FIELD.shape[:2], 1), np.uint8)
    opacity[:, :350] = 255
    rgba = np.concatenate([FIELD, opacity], axis=2)
    with tifffile.TiffWriter(tmp_path / "clear.tif") as tiff:
        for level, part in enumerate((rgba, rgba[::2, ::2])):
            how = {"subifds": 1} if level == 0 else {"subfiletype": 1}
            tiff.write(part, tile=(128, 128), photometric="rgb", extrasamples=["unassalpha"], **how)

    with open_slide(tmp_path / "clear.tif") as slide:
        pixels = slide.read((0, 0), 0, (700, 500))

    assert slide.facts.reader == "tifffile"
    np.testing.assert_array_equal(pixels[:, :350], FIELD[:, :350])
    assert (pixels[:, 350:] == 255).all()


def test_a_damaged_tile_is_an_error_there_and_nowhere_else(tmp_path: Path):
    path = write_ome_tiff(tmp_path / "a.ome.tif", FIELD)
    with tifffile.TiffFile(path) as tiff:
        offset, count = tiff.pages[0].dataoffsets[1], tiff.pages[0].databytecounts[1]
    content = bytearray(path.read_bytes())
    content[offset : offset + count] = b"\xff" * count
    path.write_bytes(content)

    with open_slide(path) as slide:
        with pytest.raises(SlideError, match=r"level 0 at .* cannot be read .*damaged"):
            slide.read((128, 0), 0, (64, 64))
        np.testing.assert_array_equal(slide.read((0, 0), 0, (64, 64)), FIELD[:64, :64])


def test_of_several_images_it_is_said_which_is_shown(tmp_path: Path):
    with tifffile.TiffWriter(tmp_path / "two.ome.tif", ome=True) as tiff:
        tiff.write(FIELD, subifds=1, photometric="rgb", tile=(128, 128))
        tiff.write(FIELD[::2, ::2], subfiletype=1, photometric="rgb", tile=(128, 128))
        tiff.write(FIELD[:200, :200], photometric="rgb", tile=(128, 128))

    with open_slide(tmp_path / "two.ome.tif") as slide:
        assert slide.remark == ("two.ome.tif holds 2 images (series); the first is shown and used, 700 x 500 pixels.")


STACK = np.zeros((5, 256, 256, 3), np.uint8)
CHANNELS = np.zeros((4, 256, 256), np.uint8)


@pytest.mark.parametrize(
    ("pixels", "axes", "how", "words"),
    [
        (STACK, "ZYXS", {"photometric": "rgb"}, r"is a z-stack of 5 focal planes; .*plane that is in focus"),
        (STACK, "TYXS", {"photometric": "rgb"}, r"is a series of 5 moments"),
        (
            CHANNELS,
            "CYX",
            {"Channel": ["DAPI", "FITC", "Cy3", "Cy5"]},
            r"has 4 channels \(DAPI, FITC, Cy3, Cy5\)",
        ),
        (CHANNELS[:3], "CYX", {"Channel": ["DAPI", "FITC", "Cy3"]}, r"has 3 channels \(DAPI, FITC, Cy3\), as fluores"),
        (CHANNELS[0].astype(np.uint16), "YX", {}, r"stores 16 bits a channel"),
    ],
    ids=["stack", "series", "four", "three", "deep"],
)
@pytest.mark.parametrize("tiled", [True, False])
def test_what_is_no_plane_of_bright_field_is_declined_in_a_sentence(tmp_path: Path, pixels, axes, how, words, tiled):
    names = how.get("Channel")
    metadata = {"axes": axes, **({"Channel": {"Name": names}} if names else {})}
    where = {"tile": (128, 128)} if tiled else {}
    photometric = how.get("photometric", "minisblack")
    tifffile.imwrite(tmp_path / "a.ome.tif", pixels, ome=True, photometric=photometric, metadata=metadata, **where)

    with pytest.raises(SlideError, match=words):
        open_slide(tmp_path / "a.ome.tif")


def test_a_stack_of_imagej_is_declined_too(tmp_path: Path):
    stack = np.zeros((4, 64, 64, 3), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", stack, imagej=True, metadata={"axes": "ZYXS"})

    with pytest.raises(SlideError, match="is a z-stack of 4 focal planes"):
        open_slide(tmp_path / "a.tif")
