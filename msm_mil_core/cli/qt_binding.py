"""Which Qt the window uses, told from the packages that are installed, before napari refuses one at import."""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from packaging.version import Version

from msm_mil_core.errors import MsmMilError

BINDINGS = ("PyQt6", "PySide6", "PyQt5")
"""In the order in which they are taken where several can be used."""
LOWEST = {"PyQt6": Version("6.7"), "PySide6": Version("6.8.3"), "PyQt5": Version("5.15.8")}
DROPS_PYQT5 = Version("0.10.dev0")
"""The first version of napari that refuses Qt 5."""


def installed_bindings() -> dict[str, str]:
    """Return the version of each Qt binding that is installed."""
    versions = {name: _version(name) for name in BINDINGS}
    return {name: found for name, found in versions.items() if found}


def choose_binding(installed: Mapping[str, str], napari: str, asked: str | None = None) -> str:
    """Return the binding to use, as the environment variable QT_API spells it: pyqt6, pyside6 or pyqt5.

    Parameters
    ----------
    installed
        The version of each binding that is installed.
    napari
        The version of napari.
    asked
        What QT_API says, if it is set.

    Raises
    ------
    MsmMilError
        If none can be used, or not the one that was asked for; the message says what to install.
    """
    usable = [name.lower() for name in BINDINGS if name in installed and _is_usable(name, installed[name], napari)]
    if asked:
        usable = [name for name in usable if name == asked.lower()]
    if usable:
        return usable[0]
    raise MsmMilError(f"{_why_not(installed, napari, asked)} Run: pip install -U 'napari-msm-mil[pyqt6]'")


def _is_usable(name: str, found: str, napari: str) -> bool:
    return Version(found) >= LOWEST[name] and (name != "PyQt5" or Version(napari) < DROPS_PYQT5)


def _why_not(installed: Mapping[str, str], napari: str, asked: str | None) -> str:
    if asked and asked.lower() not in {name.lower() for name in installed}:
        return f"QT_API asks for {asked}, which is not installed."
    if not installed:
        return "No Qt is installed for the window."
    found = ", ".join(f"{name} {number}" for name, number in installed.items())
    asks = f", and QT_API asks for {asked}" if asked else ""
    return f"napari {napari} needs PyQt6 from 6.7 or PySide6 from 6.8.3; here is {found}{asks}."


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
