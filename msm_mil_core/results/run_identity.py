"""Which run a result's file holds: read without the rest of the result."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from msm_mil_core.errors import Hdf5Error, ResultError
from msm_mil_core.hdf5.opening import open_hdf5
from msm_mil_core.results.parts import attribute_text, parsed
from msm_mil_core.results.slide_result import SlideResult


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """What a result's file says of its run, as JSON values."""

    slide: dict[str, Any]
    """All facts of the slide."""
    model: dict[str, Any]
    options: dict[str, Any]


def read_run(path: Path) -> RecordedRun:
    """Read which run a file holds.

    Raises
    ------
    ResultError
        If it cannot be read, or is no result.
    """
    try:
        with open_hdf5(path) as file:
            return RecordedRun(*(parsed(attribute_text(file, name), name) for name in ("slide", "model", "options")))
    except (Hdf5Error, OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError) as exc:
        raise ResultError(f"{path} cannot be read as a result ({exc}).") from exc


def holds_run(path: Path, result: SlideResult) -> bool:
    """Return whether a file holds the same run as `SlideResult.is_same_run` means it; False if it cannot be read."""
    try:
        with open_hdf5(path) as file:
            slide, model = json.loads(file.attrs["slide"]), json.loads(file.attrs["model"])
            return bool(
                slide["quick_hash"] == result.slide.quick_hash
                and model["sha256"] == result.model.sha256
                and file["tiles/xy_px0"].shape == result.tiles.xy_px0.shape
                and np.array_equal(file["tiles/xy_px0"][()], result.tiles.xy_px0)
                and bool(file["stages/attention"].attrs["masks_applied"]) == result.prediction.masks_applied
            )
    except (Hdf5Error, OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError):
        return False
