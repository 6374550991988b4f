"""Where the window keeps results, so that none is lost."""

import hashlib
import json
from pathlib import Path, PurePath

from qtpy.QtCore import QStandardPaths

from msm_mil_core.results.slide_result import SlideResult

SUFFIX = ".msm.h5"


def results_folder() -> Path:
    """Return the folder of the user's data in which results are kept."""
    place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericDataLocation)
    return Path(place) / "napari-msm-mil" / "results"


def kept_path(folder: Path, result: SlideResult) -> Path:
    """Name a result's file: the same run of the same slide has the same name, any other run has its own."""
    return folder / f"{PurePath(result.slide.name).stem}-{_mark(result)}{SUFFIX}"


def _mark(result: SlideResult) -> str:
    asked = [result.slide.quick_hash, result.slide.mpp, result.model.sha256, dict(result.options)]
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode())
    digest.update(result.tiles.xy_px0.tobytes())
    return digest.hexdigest()[:10]
