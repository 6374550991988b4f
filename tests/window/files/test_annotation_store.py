"""Notes save themselves, and closing loses none."""

from dataclasses import replace

import pytest
from qtpy.QtCore import QObject, QThreadPool

from msm_mil_core.results.annotations import Annotations, StageView, Verdict, View, load_annotations, save_annotations
from msm_mil_core.results.result_file import load_result, save_result
from napari_msm_mil.files import annotation_store as _notes
from napari_msm_mil.files.annotation_store import AnnotationStore
from napari_msm_mil.files.results_folder import kept_path
from tests.results import a_result
from tests.window.dock_user import RUN_MS

TUMOUR = Annotations().with_verdict(Verdict(stage=0, label="tumour", at="2026-11-24T10:00:00+01:00"))
STROMA = TUMOUR.with_verdict(Verdict(stage=1, label="stroma", at="2026-11-24T10:01:00+01:00"))


def a_keeper():
    owner = QObject()
    keeper = AnnotationStore(owner)
    keeper.owner = owner  # else it is collected with the parent
    return keeper


@pytest.fixture
def keeper(qtbot, monkeypatch, tmp_path):
    monkeypatch.setattr(_notes, "results_folder", lambda: tmp_path / "results")
    yield a_keeper()
    assert QThreadPool.globalInstance().waitForDone(RUN_MS)


@pytest.fixture
def kept(tmp_path):
    result, path = a_result(), tmp_path / "drawn.msm.h5"
    save_result(result, path)
    return result, path


def test_notes_are_known_at_once_and_saved_soon(keeper, kept, qtbot):
    result, path = kept
    keeper.begin(result, path)

    with qtbot.waitSignal(keeper.saved, timeout=RUN_MS) as told:
        keeper.change(result, TUMOUR)
        assert keeper.of(result) == TUMOUR

    assert load_annotations(path) == TUMOUR
    assert f"Saved in {path}" in told.args[1]


def test_of_two_changes_the_last_is_saved(keeper, kept, qtbot):
    result, path = kept
    keeper.begin(result, path)

    with qtbot.waitSignal(keeper.saved, timeout=RUN_MS):
        keeper.change(result, TUMOUR)
        keeper.change(result, STROMA)

    assert load_annotations(path) == STROMA


def test_a_change_during_a_save_is_saved_after_it(keeper, kept, qtbot):
    result, path = kept
    keeper.begin(result, path)
    keeper.change(result, TUMOUR)
    keeper._pause.timeout.emit()

    keeper.change(result, STROMA)

    qtbot.waitUntil(lambda: load_annotations(path) == STROMA, timeout=RUN_MS)


def test_closing_saves_what_the_pause_held_back(keeper, kept):
    result, path = kept
    keeper.begin(result, path)
    keeper.change(result, TUMOUR)

    keeper.flush()

    assert load_annotations(path) == TUMOUR


def test_what_was_noted_before_is_there_again(keeper, kept):
    result, path = kept
    save_annotations(STROMA, path)

    keeper.begin(result, path)

    assert keeper.of(result) == STROMA


@pytest.mark.parametrize("trouble", ["read-only", "gone", "never kept"])
def test_where_the_file_cannot_be_written_result_and_notes_go_where_results_are_kept(keeper, kept, tmp_path, trouble):
    result, path = kept
    keeper.begin(result, None if trouble == "never kept" else path)
    if trouble == "read-only":
        path.chmod(0o444)
    elif trouble == "gone":
        path.unlink()
    told = []
    keeper.saved.connect(lambda _, text: told.append(text))

    keeper.change(result, TUMOUR)
    keeper.flush()

    place = keeper.where(result)
    assert place.parent == tmp_path / "results"
    assert load_annotations(place) == TUMOUR
    assert load_result(place).created == result.created
    assert str(place) in told[0]
    assert trouble == "never kept" or str(path) in told[0]


def test_a_folder_that_cannot_be_written_is_told_and_the_notes_stay(keeper, kept, monkeypatch, tmp_path):
    result, path = kept
    (tmp_path / "in the way").write_text("")
    monkeypatch.setattr(_notes, "results_folder", lambda: tmp_path / "in the way")
    keeper.begin(result, path)
    path.chmod(0o444)
    told = []
    keeper.failed.connect(lambda _, text: told.append(text))

    keeper.change(result, TUMOUR)
    keeper.flush()

    assert "Cannot write" in told[0]
    assert keeper.of(result) == TUMOUR
    keeper.change(result, Annotations())


def test_notes_that_cannot_be_read_are_told(keeper, kept):
    result, path = kept
    path.write_bytes(b"no longer a result")
    told = []
    keeper.failed.connect(lambda _, text: told.append(text))

    keeper.begin(result, path)

    assert "cannot be read" in told[0]
    assert keeper.of(result) == Annotations()


def test_looking_alone_writes_no_second_file(keeper, kept, tmp_path):
    result, path = kept
    view = View(stages=(StageView(), StageView(visible=False), StageView()))
    other = replace(result, created="2026-11-25T10:00:00+01:00")
    keeper.begin(result, path)
    keeper.begin(other, None)

    keeper.note_view(result, view)
    keeper.note_view(other, view)
    keeper.flush()

    assert load_annotations(path).view == view
    assert not (tmp_path / "results").exists()


def test_a_run_that_was_made_again_shares_its_notes_with_the_first(keeper, kept):
    result, path = kept
    again = replace(result, created="2026-11-25T10:00:00+01:00")
    keeper.begin(result, path)
    keeper.change(result, TUMOUR)

    keeper.begin(again, path)
    before = keeper.of(again)
    keeper.change(again, STROMA)
    keeper.flush()

    assert before == TUMOUR
    assert keeper.of(result) == STROMA
    assert load_annotations(path) == STROMA


def test_notes_on_a_file_that_cannot_be_written_are_there_again_the_next_day(keeper, kept):
    result, path = kept
    path.chmod(0o444)
    keeper.begin(result, path)
    keeper.change(result, TUMOUR)
    keeper.flush()
    tomorrow, reopened, told = a_keeper(), load_result(path), []
    tomorrow.saved.connect(lambda _, text: told.append(text))

    tomorrow.begin(reopened, path)
    found = tomorrow.of(reopened)
    tomorrow.change(reopened, STROMA)
    tomorrow.flush()

    assert found == TUMOUR
    assert str(keeper.where(result)) in told[0]
    assert tomorrow.where(reopened) == keeper.where(result)
    assert load_annotations(keeper.where(result)) == STROMA


def test_a_copy_replaces_neither_another_run_nor_what_is_noted_on_it(keeper, kept, tmp_path):
    result, path = kept
    place = kept_path(tmp_path / "results", result)
    save_result(replace(result, created="2026-11-25T10:00:00+01:00"), place, STROMA)
    path.chmod(0o444)
    keeper.begin(result, path)

    keeper.change(result, TUMOUR)
    keeper.flush()

    assert load_annotations(place) == STROMA
    assert load_annotations(keeper.where(result)) == TUMOUR
    assert keeper.where(result).parent == place.parent


def test_notes_that_cannot_be_saved_do_not_hold_up_others(keeper, kept, monkeypatch, tmp_path, qtbot):
    result, path = kept
    (tmp_path / "in the way").write_text("")
    monkeypatch.setattr(_notes, "results_folder", lambda: tmp_path / "in the way")
    stuck = a_result()
    keeper.begin(stuck, None)
    keeper.begin(result, path)

    keeper.change(stuck, TUMOUR)
    keeper.change(result, STROMA)

    qtbot.waitUntil(lambda: load_annotations(path) == STROMA, timeout=RUN_MS)
    assert keeper.of(stuck) == TUMOUR
    monkeypatch.setattr(_notes, "results_folder", lambda: tmp_path / "results")
    keeper.flush()
    assert load_annotations(keeper.where(stuck)) == TUMOUR


def test_results_that_share_a_file_move_together(keeper, kept):
    result, path = kept
    again = load_result(path)
    keeper.begin(result, path)
    keeper.begin(again, path)
    path.chmod(0o444)

    keeper.change(result, TUMOUR)
    keeper.flush()
    keeper.change(again, STROMA)
    keeper.flush()

    assert keeper.where(again) == keeper.where(result)
    assert keeper.of(result) == load_annotations(keeper.where(result)) == STROMA


def test_closing_during_a_save_writes_the_latest_notes_last(keeper, kept):
    result, path = kept
    keeper.begin(result, path)
    keeper.change(result, TUMOUR)
    keeper._pause.timeout.emit()
    keeper.change(result, STROMA)

    keeper.flush()
    assert QThreadPool.globalInstance().waitForDone(RUN_MS)

    assert load_annotations(path) == STROMA


def test_quitting_saves_what_the_pause_held_back(keeper, kept, qapp):
    result, path = kept
    keeper.begin(result, path)
    keeper.change(result, TUMOUR)

    qapp.aboutToQuit.emit()

    assert load_annotations(path) == TUMOUR
