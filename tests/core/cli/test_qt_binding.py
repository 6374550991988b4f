"""The window's Qt is chosen, or refused with what to install, before napari is imported."""

from importlib.util import find_spec
from subprocess import CompletedProcess

import pytest

from msm_mil_core.cli.app import call
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


def test_the_window_is_started_with_the_chosen_binding(tmp_path, monkeypatch):
    slide, started = tmp_path / "slide.svs", {}
    slide.touch()
    monkeypatch.setattr(
        "msm_mil_core.cli.running.view.installed_bindings", lambda: {"PyQt5": "5.15.11", "PyQt6": "6.8.0"}
    )
    monkeypatch.setattr("msm_mil_core.cli.running.view.version", lambda _: "0.10.0")
    monkeypatch.delenv("QT_API", raising=False)

    def start(words, *, env, check):
        started.update(words=words, binding=env["QT_API"])
        return CompletedProcess(words, 0)

    monkeypatch.setattr("msm_mil_core.cli.running.view.subprocess.run", start)

    assert call(["view", str(slide)]) == 0
    assert started["binding"] == "pyqt6"
    assert str(slide) in started["words"]
    assert find_spec(f"{started['words'][2]}.__main__")
