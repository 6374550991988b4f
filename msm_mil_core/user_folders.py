"""Where things are kept for the user between runs."""

from pathlib import Path

import pooch


def features_folder() -> Path:
    """Return the folder in which encoded features are kept for reuse; deleting it costs only time."""
    return _cache() / "features"


def samples_folder() -> Path:
    """Return the folder in which the sample slide is kept."""
    return _cache() / "samples"


def precision_file() -> Path:
    """Return the file that keeps which precision suits each encoder on this machine; deleting it asks anew."""
    return _cache() / "precision.json"


def _cache() -> Path:
    return Path(pooch.os_cache("napari-msm-mil"))
