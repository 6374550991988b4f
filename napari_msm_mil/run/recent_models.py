"""The models that were used last, remembered between sessions."""

from pathlib import Path

from qtpy.QtCore import QSettings

KEY = "models/recent"
MAX_MODELS = 8


def recent_models() -> tuple[Path, ...]:
    """Return the models used last whose files still exist, latest first."""
    stored = _settings().value(KEY) or []
    names = [stored] if isinstance(stored, str) else [str(name) for name in stored]
    return tuple(path for path in map(Path, names) if path.is_file())


def remember_model(path: Path) -> None:
    """Put a model first among the recent ones."""
    path = path.absolute()
    others = [other for other in recent_models() if other != path]
    _settings().setValue(KEY, [str(each) for each in [path, *others][:MAX_MODELS]])


def _settings() -> QSettings:
    return QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "napari-msm-mil", "napari-msm-mil")
