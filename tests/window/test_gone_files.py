"""Files that go while the window has them open, as with an unplugged disk: one sentence, and nothing is lost."""

import shutil

import pytest

from msm_mil_core.results.result_file import load_result, save_result
from napari_msm_mil.run.features_choice import FeaturesChoice
from tests.window.dock_user import (
    RUN_MS,
    a_features_file,
    a_model_file,
    a_result_of,
    child,
    choose_model,
    open_dock,
    open_page,
    results_in,
    settle,
    show_slide,
    text_of,
)


@pytest.fixture
def disk(tmp_path):
    """A disk that can be unplugged."""
    disk = tmp_path / "disk"
    disk.mkdir()
    return disk


@pytest.fixture
def dock(qtbot, viewer, monkeypatch, tmp_path):
    with open_dock(qtbot, viewer, monkeypatch, tmp_path, a_model_file(tmp_path / "model.safetensors")) as dock:
        yield dock


@pytest.fixture
def slide(viewer, drawn, disk):
    """The layer of a slide on the disk."""
    shutil.copy(drawn.path, disk / "drawn.tiff")
    return show_slide(viewer, type(drawn)(disk / "drawn.tiff", *(getattr(drawn, each) for each in OTHERS)))


OTHERS = ("size_px0", "tissue_px0", "hot_px0", "bounds_px0", "mpp")


def run(dock, qtbot) -> str:
    """Press Run, wait for the end, and return what is said then."""
    child(dock, "run").click()
    qtbot.waitUntil(lambda: text_of(dock, "run") == "Run", timeout=RUN_MS)
    settle()
    return text_of(dock, "message")


def is_calm(message: str) -> bool:
    """Whether a message is a sentence or a few, and no trace of the program."""
    return message.endswith(".") and "\n" not in message and "Traceback" not in message and "Errno" not in message


def test_a_slide_that_is_unplugged_after_it_was_opened(dock, viewer, slide, disk, qtbot):
    shutil.rmtree(disk)

    first, second = run(dock, qtbot), run(dock, qtbot)

    assert first == second
    assert "drawn.tiff" in first
    assert is_calm(first)
    assert results_in(viewer) == []
    assert child(dock, "run").isEnabled()


def test_a_model_that_is_unplugged_after_it_was_chosen(dock, viewer, slide, disk, qtbot):
    choose_model(dock, a_model_file(disk / "mine.safetensors"))
    (disk / "mine.safetensors").unlink()

    message = run(dock, qtbot)

    assert "mine.safetensors" in message
    assert is_calm(message)


def test_features_that_are_unplugged_after_they_were_found(dock, viewer, slide, disk, qtbot):
    dock.findChild(FeaturesChoice).choose(a_features_file(disk / "drawn.h5"))
    settle()
    (disk / "drawn.h5").unlink()

    message = run(dock, qtbot)

    assert "drawn.h5" in message
    assert is_calm(message)


def test_the_maps_of_an_unplugged_slide_stay_and_the_gallery_says_what_is_missing(dock, viewer, slide, drawn, disk):
    dock.show_result(a_result_of(drawn))
    viewer.layers.remove(slide)
    shutil.rmtree(disk)

    open_page(dock, "Gallery")
    settle()

    assert len(results_in(viewer)) == 1
    assert "its tiles cannot be shown" in text_of(dock, "gallery_message")


def test_a_verdict_on_a_result_whose_file_is_unplugged_is_kept_elsewhere(dock, viewer, drawn, disk, tmp_path, qtbot):
    show_slide(viewer, drawn)
    result = a_result_of(drawn)
    save_result(result, disk / "drawn.msm.h5")
    dock.show_result(load_result(disk / "drawn.msm.h5"), disk / "drawn.msm.h5")
    shutil.rmtree(disk)

    open_page(dock, "Verdict")
    label = child(dock, "verdict_0")
    label.setCurrentText("tumour")
    label.activated.emit(0)
    dock.stop()
    settle()

    said = text_of(dock, "notes_saved")
    kept = [path for path in (tmp_path / "results").rglob("*.h5") if load_result(path).slide == result.slide]
    assert kept, said
    assert kept[0].name in said
