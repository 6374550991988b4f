"""The window's Qt is chosen, or refused with what to install, before napari is imported."""

import pytest

from msm_mil_core.cli.qt_binding import choose_binding, installed_bindings
from msm_mil_core.errors import MsmMilError


@pytest.mark.parametrize(
    ("napari", "installed", "asked", "chosen"),
    [
        ("0.9.2", {"PyQt5": "5.15.11"}, None, "pyqt5"),
        ("0.9.2", {"PyQt5": "5.15.11", "PyQt6": "6.8.0"}, None, "pyqt6"),
        ("0.9.2", {"PyQt5": "5.15.11", "PyQt6": "6.8.0"}, "PyQt5", "pyqt5"),
        ("0.10.0", {"PyQt5": "5.15.11", "PySide6": "6.8.3"}, None, "pyside6"),
        ("0.10.0rc1", {"PyQt5": "5.15.11", "PyQt6": "6.7.0"}, None, "pyqt6"),
    ],
)
def test_a_binding_that_napari_takes_is_chosen(napari, installed, asked, chosen):
    assert choose_binding(installed, napari, asked) == chosen


@pytest.mark.parametrize(
    ("napari", "installed", "asked", "sentence"),
    [
        ("0.9.2", {}, None, "No Qt is installed for the window"),
        ("0.10.0", {"PyQt5": "5.15.11"}, None, "napari 0.10.0 needs PyQt6 from 6.7 .* here is PyQt5 5.15.11"),
        ("0.10.0", {"PyQt5": "5.15.11", "PyQt6": "6.8"}, "pyqt5", "here is .*, and QT_API asks for pyqt5"),
        ("0.11.0", {"PySide6": "6.7.3"}, None, "PySide6 from 6.8.3; here is PySide6 6.7.3"),
        ("0.9.2", {"PyQt5": "5.15.11"}, "pyside6", "QT_API asks for pyside6, which is not installed"),
    ],
)
def test_what_napari_refuses_is_said_with_what_to_install(napari, installed, asked, sentence):
    with pytest.raises(MsmMilError, match=rf"{sentence}.*\[pyqt6\]"):
        choose_binding(installed, napari, asked)


def test_the_binding_that_runs_these_tests_is_found():
    from qtpy import API_NAME

    assert API_NAME in installed_bindings()
