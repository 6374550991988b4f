"""What is remembered from one session to the next without being a preference: what was used last."""

from pathlib import Path

from qtpy.QtCore import QSettings

FOLDER = "files/folder"
"""Where a file was written last."""


def remembered(key: str) -> str:
    """Return what was remembered; empty if nothing was."""
    return str(_settings().value(key) or "")


def remember(key: str, text: str) -> None:
    """Remember a text in place of the one before."""
    _settings().setValue(key, text)


def remembered_paths(key: str) -> tuple[Path, ...]:
    """Return the paths that were remembered and still are files, latest first."""
    stored = _settings().value(key) or []
    names = [stored] if isinstance(stored, str) else [str(name) for name in stored]
    return tuple(path for path in map(Path, names) if path.is_file())


def remember_path(key: str, path: Path, most: int) -> None:
    """Put a path first among the remembered ones."""
    path = path.absolute()
    others = [other for other in remembered_paths(key) if other != path]
    _settings().setValue(key, [str(each) for each in [path, *others][:most]])


def last_folder() -> Path:
    """Return the folder in which a file was written last; the user's home where that is gone."""
    folder = Path(remembered(FOLDER) or Path.home())
    return folder if folder.is_dir() else Path.home()


def _settings() -> QSettings:
    return QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "napari-msm-mil", "napari-msm-mil")
