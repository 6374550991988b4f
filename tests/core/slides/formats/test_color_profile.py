"""ICC profiles: sRGB for the screen, what the file has for the encoder; both recorded, both to be chosen."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms
from pydicom import dcmread

from msm_mil_core.slides.formats.color_profile import changes_colors, profile_name, to_srgb
from msm_mil_core.slides.slide import Slide, open_slide
from tests.icc import a_profile
from tests.level_files import write_ome_tiff
from tests.tiled_slides import a_field

FIELD = a_field((300, 200))
SCANNER = a_profile()


def write(path: Path, profile: bytes | None = SCANNER) -> Path:
    if path.name.endswith(".ome.tif"):
        more = {} if profile is None else {"iccprofile": profile}
        return write_ome_tiff(path, FIELD, **more)
    if path.suffix == ".tif":
        how = {} if profile is None else {"iccprofile": profile}
        tifffile.imwrite(path, FIELD, tile=(128, 128), photometric="rgb", compression="zlib", metadata=None, **how)
    else:
        Image.fromarray(FIELD).save(path, icc_profile=profile)
    return path


def whole(slide: Slide) -> np.ndarray:
    return slide.read((0, 0), 0, (300, 200))


@pytest.mark.parametrize(("name", "reader"), [("a.tif", "openslide"), ("a.png", "picture"), ("a.ome.tif", "tifffile")])
def test_colours_are_those_of_the_file_until_others_are_asked_for(tmp_path: Path, name: str, reader: str):
    with open_slide(write(tmp_path / name), mpp=0.5) as slide:
        screen = slide.in_colors("srgb")

        assert (slide.facts.reader, slide.facts.profile, slide.facts.colors) == (reader, "Drawn scanner", "as-stored")
        np.testing.assert_array_equal(whole(slide), FIELD)
        assert screen.facts.colors == "srgb"
        np.testing.assert_allclose(whole(screen), FIELD[..., ::-1], atol=12)  # exchanged; sRGB is no plain power
        np.testing.assert_array_equal(whole(screen.in_colors("as-stored")), FIELD)


@pytest.mark.parametrize("profile", [None, a_profile("sRGB IEC61966-2.1", exchange=False), b"no profile at all"])
def test_without_a_profile_of_other_colours_nothing_is_converted(tmp_path: Path, profile: bytes | None):
    with open_slide(write(tmp_path / "a.tif", profile)) as slide:
        assert slide.in_colors("srgb") is slide
        assert not slide.has_own_colors


def test_a_name_that_only_speaks_of_srgb_is_not_believed():
    assert changes_colors(a_profile("Scanner, not sRGB"))


def test_a_profile_that_shows_the_same_colours_changes_nothing():
    same = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes().replace(b"sRGB", b"Mine")

    assert not changes_colors(same)


OTHER_SPACES = {space: a_profile().replace(b"RGB XYZ ", space + b"XYZ ") for space in (b"GRAY", b"CMYK", b"Lab ")}


@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.ome.tif"])
@pytest.mark.parametrize("profile", [b"no profile at all", SCANNER[:200], *OTHER_SPACES.values()])
def test_a_profile_that_is_damaged_or_of_other_colours_is_recorded_and_not_used(tmp_path: Path, name: str, profile):
    with open_slide(write(tmp_path / name, profile)) as slide:
        assert slide.facts.profile == "unreadable"
        assert slide.in_colors("srgb") is slide
        np.testing.assert_array_equal(whole(slide), FIELD)


def test_a_profile_that_stands_in_dicom_alone_is_used(tmp_path: Path, shared: Callable[[str], Path]):
    for file in shared("slides/CMU-1-Small-Region-dicom").glob("*.dcm"):
        dataset = dcmread(file)
        for optical_path in dataset.OpticalPathSequence:
            optical_path.ICCProfile = SCANNER
        dataset.save_as(tmp_path / file.name)

    with open_slide(tmp_path) as slide:
        stored, seen = (slide.in_colors(colors).read((800, 800), 0, (64, 64)) for colors in ("as-stored", "srgb"))

        assert slide.facts.profile == "Drawn scanner"
        np.testing.assert_array_equal(seen, to_srgb(SCANNER)(stored))


def test_one_transform_serves_all_threads():
    convert = to_srgb(SCANNER)
    parts = [a_field((64, 64), seed) for seed in range(12)] * 4

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(convert, parts))

    assert all(np.array_equal(one, convert(part)) for one, part in zip(together, parts, strict=True))
    assert to_srgb(SCANNER) is convert


def test_a_part_is_converted_as_the_whole_is(tmp_path: Path):
    with open_slide(write(tmp_path / "a.tif")) as slide:
        screen = slide.in_colors("srgb")

        np.testing.assert_array_equal(screen.read((50, 20), 0, (100, 90)), whole(screen)[20:110, 50:150])


@given(st.binary(max_size=300), st.integers(0, 300))
def test_a_damaged_profile_changes_nothing(noise: bytes, at: int):
    damaged = SCANNER[:at] + noise + SCANNER[at + len(noise) :]

    assert isinstance(profile_name(damaged), str)
    if changes_colors(damaged):
        assert to_srgb(damaged)(FIELD).shape == FIELD.shape
