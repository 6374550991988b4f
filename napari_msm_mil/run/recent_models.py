"""The models that were used last, kept between sessions."""

from pathlib import Path

from qtpy.QtCore import QSettings

KEY = "models/recent"
KEPT = 8


def recent_models() -> tuple[Path, ...]:
    """Return the models used last that are still there, latest first."""
    kept = _settings().value(KEY) or []
    names = [kept] if isinstance(kept, str) else [str(name) for name in kept]
    return tuple(path for path in map(Path, names) if path.is_file())


def remember_model(path: Path) -> None:
    """Put a model first among the recent ones."""
    path = path.absolute()
    others = [other for other in recent_models() if other != path]
    _settings().setValue(KEY, [str(each) for each in [path, *others][:KEPT]])


def _settings() -> QSettings:
    return QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "napari-msm-mil", "napari-msm-mil")
