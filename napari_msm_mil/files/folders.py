"""The folders in which the window saves results and features, and the name of a result's file."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from qtpy.QtCore import QStandardPaths

from msm_mil_core.file_names import RESULT_SUFFIX, file_stem
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.user_folders import features_folder
from napari_msm_mil.settings import user_settings


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the window saves by itself."""

    results: Path
    """Every run is saved here, so that none is lost."""
    features: Path
    """Features of slides, for reuse."""


def user_folders() -> Folders:
    """Return the folders of the user's data, or those of napari's Preferences."""
    chosen = user_settings()
    data = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericDataLocation)
    results = chosen.results_folder or Path(data) / "napari-msm-mil" / "results"
    return Folders(results, chosen.features_folder or features_folder())


def result_path(folder: Path, result: SlideResult) -> Path:
    """Name a result's file: the same run of the same slide has the same name, any other run has its own."""
    return folder / f"{file_stem(result.slide.name)}-{_run_digest(result)}{RESULT_SUFFIX}"


def _run_digest(result: SlideResult) -> str:
    inputs = [result.slide.quick_hash, result.slide.mpp, result.model.sha256, dict(result.options)]
    digest = hashlib.sha256(json.dumps(inputs, sort_keys=True, default=str).encode())
    digest.update(result.tiles.xy_px0.tobytes())
    return digest.hexdigest()[:10]
