"""Frames of DICOM slides, however their places are listed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate, encapsulate_extended, generate_frames

from msm_mil_core.slides.readers import tile_codec
from msm_mil_core.slides.slide import open_slide

Find = Callable[[str], Path]


def a_volume(shared: Find) -> Dataset:
    """Return the slide itself of the shared DICOM slide."""
    files = map(dcmread, sorted(shared("slides/CMU-1-Small-Region-dicom").glob("*.dcm")))
    return next(file for file in files if "VOLUME" in file.ImageType)


def frames_of(volume: Dataset) -> list[bytes]:
    return list(generate_frames(volume.PixelData, number_of_frames=volume.NumberOfFrames))


def write(volume: Dataset, path: Path, table: str) -> Path:
    """Write a slide whose frames are listed in a table of one kind or another, or in none."""
    frames = frames_of(volume)
    if table == "extended":
        pixels, volume.ExtendedOffsetTable, volume.ExtendedOffsetTableLengths = encapsulate_extended(frames)
        volume.PixelData = pixels
    else:
        volume.PixelData = encapsulate(frames, has_bot=table == "basic")
    volume.save_as(path)
    return path


@pytest.mark.parametrize("table", ["basic", "extended", "none"])
def test_frames_are_found_by_any_table_or_none(tmp_path: Path, shared: Find, table: str):
    path = write(a_volume(shared), tmp_path / "slide.dcm", table)

    with open_slide(path) as direct, open_slide(path, reader="openslide") as openslide:
        ours, theirs = (slide.read((300, 900), 0, (700, 600)) for slide in (direct, openslide))

    assert direct.facts.reader == "direct-scaled"
    np.testing.assert_array_equal(ours, theirs)


def test_frames_in_several_pieces_stay_with_openslide(tmp_path: Path, shared: Find, caplog):
    volume = a_volume(shared)
    volume.PixelData = encapsulate(frames_of(volume), fragments_per_frame=2, has_bot=False)
    volume.save_as(tmp_path / "slide.dcm")

    with caplog.at_level("INFO", logger="msm_mil_core"), open_slide(tmp_path / "slide.dcm") as slide:
        assert slide.facts.reader == "openslide"

    assert "is read by openslide, since" in caplog.text


def test_without_pydicom_openslide_reads(shared: Find, caplog, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tile_codec, "find_spec", lambda name: None)

    with caplog.at_level("INFO", logger="msm_mil_core"), open_slide(shared("slides/tiny/boxes_0.dcm")) as slide:
        assert slide.facts.reader == "openslide"

    assert "pydicom is not installed" in caplog.text
