"""A result and the notes on it, kept together: a run that is made again does not wipe out what was noted."""

from pathlib import Path

import h5py
import numpy as np

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.errors import ResultError
from msm_mil_core.results.annotations import Annotations, load_annotations, write_annotations
from msm_mil_core.results.slide_result import SlideResult, load_result, write_result


def save_result_with_annotations(
    result: SlideResult, path: Path, annotations: Annotations | None = None, *, overwrite: bool = True
) -> None:
    """Write a result with its notes as one file; the file is whole or absent.

    Parameters
    ----------
    annotations
        The notes; None takes over those of the result that is there, if it is of the same slide, model and tiles.

    Raises
    ------
    OutputError
        If it cannot be written there, or there is one already that may not be overwritten.
    """
    annotations = _annotations_of_same_run(result, path) if annotations is None else annotations
    with whole_file(path, overwrite=overwrite) as part, h5py.File(part, "w") as file:
        write_result(file, result)
        if annotations != Annotations():
            write_annotations(file, annotations)


def _annotations_of_same_run(result: SlideResult, path: Path) -> Annotations:
    if not path.is_file():
        return Annotations()
    try:
        known = load_result(path)
        return load_annotations(path) if _same_run(result, known) else Annotations()
    except ResultError:  # what is there cannot be read: there is nothing to take over
        return Annotations()


def _same_run(one: SlideResult, other: SlideResult) -> bool:
    return (
        one.slide.quick_hash == other.slide.quick_hash
        and one.model.sha256 == other.model.sha256
        and np.array_equal(one.tiles.xy_px0, other.tiles.xy_px0)
        and one.prediction.masks_applied == other.prediction.masks_applied
    )
