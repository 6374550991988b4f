"""Where files are stored for the user between runs."""

from pathlib import Path

from platformdirs import user_cache_path


def features_folder() -> Path:
    """Return the folder in which encoded features are cached for reuse; deleting it costs only time."""
    return _cache() / "features"


def errors_folder() -> Path:
    """Return the folder in which unforeseen errors are written down, for reports; it can be deleted at any time."""
    return _cache() / "errors"


def precision_file() -> Path:
    """Return the file that stores the best precision of each encoder on this machine; deleting it repeats the probe."""
    return _cache() / "precision.json"


def encoder_cards_file() -> Path:
    """Return the file that stores what each encoder on this machine is; deleting it costs only time."""
    return _cache() / "encoders.json"


def _cache() -> Path:
    return user_cache_path("napari-msm-mil")
