"""A result and the notes on it, kept together: a run that is made again does not wipe out what was noted."""

from pathlib import Path

import h5py
import numpy as np

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.errors import ResultError
from msm_mil_core.results.annotations import Notebook, load_notebook, write_notebook
from msm_mil_core.results.slide_result import SlideResult, load_result, write_result


def keep_result(result: SlideResult, path: Path, notebook: Notebook | None = None, *, overwrite: bool = True) -> None:
    """Write a result with its notes as one file; the file is whole or absent.

    Parameters
    ----------
    notebook
        The notes; None takes over those of the result that is there, if it is of the same slide, model and tiles.

    Raises
    ------
    OutputError
        If it cannot be written there, or there is one already that may not be overwritten.
    """
    notebook = _notes_of_same_run(result, path) if notebook is None else notebook
    with whole_file(path, overwrite=overwrite) as part, h5py.File(part, "w") as file:
        write_result(file, result)
        if notebook != Notebook():
            write_notebook(file, notebook)


def _notes_of_same_run(result: SlideResult, path: Path) -> Notebook:
    if not path.is_file():
        return Notebook()
    try:
        known = load_result(path)
        return load_notebook(path) if _same_run(result, known) else Notebook()
    except ResultError:  # what is there cannot be read: there is nothing to take over
        return Notebook()


def _same_run(one: SlideResult, other: SlideResult) -> bool:
    return (
        one.slide.quick_hash == other.slide.quick_hash
        and one.model.sha256 == other.model.sha256
        and np.array_equal(one.tiles.xy_px0, other.tiles.xy_px0)
        and one.prediction.masks_applied == other.prediction.masks_applied
    )
