"""The DICOM instance that a result's tiles were laid on: the finest level of its slide, without its pixels."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msm_mil_core.errors import OutputError
from msm_mil_core.slides.formats.dicom_mark import is_dicom
from msm_mil_core.slides.slide import Slide

SERIES = "dicom.SeriesInstanceUID"
_PLACE = ("FrameOfReferenceUID", "TotalPixelMatrixOriginSequence", "ImageOrientationSlide")
_MAY_LACK = (
    *("PatientID", "PatientName", "PatientBirthDate", "PatientSex"),
    *("AccessionNumber", "StudyID", "StudyDate", "StudyTime"),
)
"""Attributes that may be empty, and that some writers leave out."""


def read_source(slide: Slide) -> Any:
    """Read the header of the instance that holds level 0 of a slide.

    Raises
    ------
    OutputError
        If the slide is not DICOM, or no instance of it has level 0 and its place on the glass.
    """
    facts = slide.facts
    if slide.vendor != "dicom":
        raise OutputError(
            f"{facts.name} is not a DICOM slide, and a Parametric Map refers to one. Export another format, such as "
            "ome-tiff, or convert the slide to DICOM and run that."
        )
    for dataset in _volumes(Path(facts.path), slide.properties.get(SERIES, "")):
        if (dataset.get("TotalPixelMatrixColumns"), dataset.get("TotalPixelMatrixRows")) == facts.size_px0:
            return _placed(dataset, facts.name)
    raise OutputError(
        f"No DICOM file of {facts.name} holds its finest level of {facts.size_px0[0]} x {facts.size_px0[1]} pixels. "
        "Restore all files of the slide."
    )


def _volumes(place: Path, series: str) -> Iterator[Any]:
    """Give the instances of a series that are levels of the slide, not its label or overview."""
    import pydicom
    from pydicom.errors import InvalidDicomError

    for file in sorted((place if place.is_dir() else place.parent).iterdir()):
        if not is_dicom(file):
            continue
        try:
            dataset = pydicom.dcmread(file, stop_before_pixels=True)
        except (InvalidDicomError, OSError, ValueError, EOFError):
            continue
        if dataset.get("SeriesInstanceUID") == series and "VOLUME" in (dataset.get("ImageType") or ()):
            yield dataset


def _placed(dataset: Any, name: str) -> Any:
    lacks = [key for key in _PLACE if not dataset.get(key)]
    if lacks:
        raise OutputError(
            f"{name} does not say where it lies on the glass ({', '.join(lacks)} missing). "
            "Export another format, such as ome-tiff."
        )
    for key in _MAY_LACK:
        if key not in dataset:
            setattr(dataset, key, "")
    return dataset
