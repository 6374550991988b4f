"""Direct reading only where it shows openslide's pixels; what differs is left to openslide, and why is logged."""

import logging
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.readers import tile_codec
from msm_mil_core.slides.readers.self_check import BLENDED_FROM, exact_starts
from msm_mil_core.slides.slide import open_slide
from tests.tiled_slides import JPEG_420, JPEG_2000, JPEG_RGB, a_field, write_tiled

FIELD = a_field((700, 500))


def reader_of(path: Path, caplog: pytest.LogCaptureFixture) -> tuple[str, str]:
    """Open a slide, and return its reader and what was logged."""
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="msm_mil_core"), open_slide(path) as slide:
        return slide.facts.reader, caplog.text


def test_colours_that_the_tiff_states_wrongly_are_openslides_affair(tmp_path: Path, caplog):
    mislabelled = JPEG_RGB.replace(photometric="ycbcr", subsampling=(1, 1))
    path = write_tiled(tmp_path / "slide.tif", FIELD, mislabelled)

    assert reader_of(path, caplog) == ("openslide", caplog.text)
    assert "differs from openslide's pixels by up to" in caplog.text
    with pytest.raises(SlideError, match=r"slide\.tif cannot be read by the reader 'direct', since level 0 at"):
        open_slide(path, reader="direct")


def test_a_slide_of_blank_tiles_but_one_is_judged_by_that_one(tmp_path: Path, caplog):
    blank = np.full((2048, 2048, 3), 240, np.uint8)
    blank[1024:1280, 768:1024] = a_field((256, 256))
    mislabelled = JPEG_RGB.replace(photometric="ycbcr", subsampling=(1, 1))
    path = write_tiled(tmp_path / "slide.tif", blank, mislabelled, steps=(1,))

    assert reader_of(path, caplog)[0] == "openslide"
    assert "level 0 at (768, 1024)" in caplog.text


def test_aperio_slides_that_lack_tiles_are_left_to_openslide(tmp_path: Path, caplog):
    path = write_tiled(tmp_path / "slide.svs", FIELD, JPEG_2000, missing=[(0, 1, 1)])

    assert reader_of(path, caplog)[0] == "openslide"
    assert "it lacks tiles" in caplog.text


def test_a_slide_whose_sample_is_damaged_is_read_by_openslide_as_far_as_it_goes(tmp_path: Path, caplog):
    path = write_tiled(tmp_path / "slide.tif", FIELD, steps=(1,))
    with tifffile.TiffFile(path) as tiff:
        counts = tiff.pages[0].databytecounts
        fullest = int(np.argmax(counts))
        offset, count = tiff.pages[0].dataoffsets[fullest], counts[fullest]
    content = bytearray(path.read_bytes())
    content[offset : offset + count] = b"\xff" * count
    path.write_bytes(content)

    assert reader_of(path, caplog)[0] == "openslide"
    with open_slide(path) as slide:
        sound = 0 if fullest else 256
        slide.read((sound, 0), 0, (64, 64))
        with pytest.raises(SlideError, match="damaged"):
            slide.read((0, 0), 0, (700, 500))


def test_without_decoders_openslide_reads(tmp_path: Path, caplog, monkeypatch: pytest.MonkeyPatch):
    jpeg = write_tiled(tmp_path / "jpeg.tif", FIELD)
    jpeg_2000 = write_tiled(tmp_path / "jpeg2000.svs", FIELD, JPEG_2000)
    monkeypatch.setattr(tile_codec, "find_spec", lambda name: None)

    assert reader_of(jpeg, caplog)[0] == "openslide"
    assert "simplejpeg is not installed" in caplog.text
    assert reader_of(jpeg_2000, caplog)[0] == "openslide"
    assert "imagecodecs is not installed" in caplog.text


def test_what_is_forced_is_done_or_refused(tmp_path: Path):
    jpeg = write_tiled(tmp_path / "jpeg.tif", FIELD)
    jpeg_2000 = write_tiled(tmp_path / "jpeg2000.svs", FIELD, JPEG_2000)
    odd = write_tiled(tmp_path / "odd.tif", FIELD, JPEG_420.replace(tile_px=(240, 208)))

    readers = [open_slide(jpeg, reader=choice).facts.reader for choice in ("auto", "openslide", "direct")]

    assert readers == ["direct-scaled", "openslide", "direct"]
    assert open_slide(odd, reader="direct-scaled").reductions == (1, 2, 4)
    with pytest.raises(SlideError, match="half scale"):
        open_slide(jpeg_2000, reader="direct-scaled")


@given(st.integers(64, 4000), st.integers(16, 300), st.floats(1, 40))
def test_samples_lie_in_one_tile_where_openslide_does_not_blend(length_px: int, tile_px: int, downsample: float):
    side = min(64, length_px, tile_px)

    starts = exact_starts(length_px, tile_px, side, downsample)

    assert starts[0] == 0
    for tile, start in starts.items():
        assert tile * tile_px <= start <= min((tile + 1) * tile_px, length_px) - side
        assert abs(round(start * downsample) / downsample - start) < BLENDED_FROM
