"""DICOM that is no slide that is read: the reason in words, from a file and from its folder; no crash."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.slide import open_slide

Find = Callable[[str], Path]
FOLDER = "slides/CMU-1-Small-Region-dicom"


def changed(shared: Find, folder: Path, change: Callable[[Dataset], Any]) -> Path:
    """Write the shared slide whose volume, the slide itself, is changed, and return the volume's file."""
    volume = folder
    for file in sorted(shared(FOLDER).glob("*.dcm")):
        dataset = dcmread(file)
        if "VOLUME" in dataset.ImageType:
            volume = folder / file.name
            change(dataset)
        dataset.save_as(folder / file.name)
    return volume


def with_syntax(uid: str) -> Callable[[Dataset], None]:
    def change(dataset: Dataset) -> None:
        dataset.file_meta.TransferSyntaxUID = uid

    return change


FLAWS: dict[str, tuple[Callable[[Dataset], Any], str]] = {
    "focal planes": (
        lambda volume: setattr(volume, "TotalPixelMatrixFocalPlanes", 3),
        "is a z-stack of 3 focal planes",
    ),
    "grey": (lambda volume: setattr(volume, "SamplesPerPixel", 1), "has a single channel, as fluorescence has"),
    "16 bits": (lambda volume: setattr(volume, "BitsAllocated", 16), "stores 16 bits a channel"),
    "JPEG-LS": (with_syntax("1.2.840.10008.1.2.4.80"), r"is compressed as JPEG-LS \(1\.2\.840.*Store it as JPEG"),
    "sparse": (
        lambda volume: setattr(volume, "DimensionOrganizationType", "TILED_SPARSE"),
        r"says that it lists where each of its frames lies \(TILED_SPARSE\), and does not",
    ),
}


@pytest.mark.parametrize("kind", FLAWS)
def test_a_slide_that_is_not_read_says_why_in_words(tmp_path: Path, shared: Find, kind: str):
    change, words = FLAWS[kind]
    volume = changed(shared, tmp_path, change)

    for path in (volume, tmp_path):
        with pytest.raises(SlideError, match=words):
            open_slide(path)


def test_any_file_of_a_slide_that_would_end_openslide_is_refused(tmp_path: Path, shared: Find):
    """Openslide reads all files of a folder to open one, so that it is tried apart from this process."""
    change, _ = FLAWS["sparse"]
    volume = changed(shared, tmp_path, change)
    other = next(file for file in sorted(tmp_path.iterdir()) if file != volume)
    code = f"import pathlib, msm_mil_core as mm; mm.open_slide(pathlib.Path({str(other)!r}))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, "it is damaged" in done.stderr) == (1, True), done.stderr


def test_a_label_alone_is_no_slide(tmp_path: Path, shared: Find):
    for file in shared(FOLDER).glob("*.dcm"):
        if "VOLUME" not in dcmread(file, stop_before_pixels=True).ImageType:
            shutil.copy(file, tmp_path)

    with pytest.raises(SlideError, match=r"is the label or an overview of a slide.*Put all files of the slide"):
        open_slide(tmp_path)


def test_a_folder_of_folders_names_those_that_hold_slides(tmp_path: Path, shared: Find):
    shutil.copytree(shared(FOLDER), tmp_path / "patient" / "series")

    with pytest.raises(SlideError, match=r"Choose one of them: patient.series\."):
        open_slide(tmp_path)


def test_a_size_of_pixels_that_is_missing_is_asked_for(tmp_path: Path, shared: Find):
    def change(volume: Dataset) -> None:
        del volume.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing

    changed(shared, tmp_path, change)

    with open_slide(tmp_path) as slide:
        assert (slide.facts.mpp, slide.facts.mpp_origin) == (None, "missing")
