"""Annotations are saved automatically, and closing loses none."""

import subprocess
import sys
from dataclasses import replace

import pytest
from qtpy.QtCore import QCoreApplication, QObject

from msm_mil_core.explain.what_if import Question
from msm_mil_core.results.annotations import Annotations, load_annotations, save_annotations
from msm_mil_core.results.notes import SavedQuestion, StageView, Verdict, View
from msm_mil_core.results.result_file import load_result, save_result
from napari_msm_mil.files.annotation_store import AnnotationStore
from napari_msm_mil.files.folders import result_path
from tests.results import a_result
from tests.window.dock_user import RUN_MS, settle

TUMOUR = Annotations().with_verdict(Verdict(stage=0, label="tumour", at="2026-11-24T10:00:00+01:00"))
STROMA = TUMOUR.with_verdict(Verdict(stage=1, label="stroma", at="2026-11-24T10:01:00+01:00"))


def a_question() -> SavedQuestion:
    return SavedQuestion(question=Question(), left=1, before=(0.5, 0.5), after=(0.1, 0.9), at="")


def a_store(folder, **options):
    owner = QObject()
    store = AnnotationStore(owner, folder, **options)
    store.owner = owner  # else it is collected with the parent
    return store


@pytest.fixture
def store(qtbot, tmp_path):
    yield a_store(tmp_path / "results")
    settle()


@pytest.fixture
def eager_store(qtbot, tmp_path):
    """A store that saves without a pause."""
    yield a_store(tmp_path / "results", pause_ms=0)
    settle()


@pytest.fixture
def saved(tmp_path):
    """A result and its file."""
    result, path = a_result(), tmp_path / "drawn.msm.h5"
    save_result(result, path)
    return result, path


@pytest.fixture
def blocked(tmp_path):
    """A place where no folder can be made, until the file is removed."""
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    return blocked


def test_annotations_are_known_at_once_and_saved_soon(store, saved, qtbot):
    result, path = saved
    store.load(result, path)

    with qtbot.waitSignal(store.saved, timeout=RUN_MS) as report:
        store.change(result, TUMOUR)
        assert store.annotations(result) == TUMOUR

    assert load_annotations(path) == TUMOUR
    assert f"Saved in {path}" in report.args[1]


def test_of_two_changes_the_last_is_saved(store, saved, qtbot):
    result, path = saved
    store.load(result, path)

    with qtbot.waitSignal(store.saved, timeout=RUN_MS):
        store.change(result, TUMOUR)
        store.change(result, STROMA)

    assert load_annotations(path) == STROMA


def test_a_change_during_a_save_is_saved_after_it(eager_store, saved, qtbot):
    result, path = saved
    eager_store.load(result, path)
    eager_store.change(result, TUMOUR)
    QCoreApplication.processEvents()  # the save starts

    eager_store.change(result, STROMA)

    qtbot.waitUntil(lambda: load_annotations(path) == STROMA, timeout=RUN_MS)


def test_closing_saves_what_still_waits(store, saved):
    result, path = saved
    store.load(result, path)
    store.change(result, TUMOUR)

    store.flush()

    assert load_annotations(path) == TUMOUR


def test_earlier_annotations_are_read(store, saved):
    result, path = saved
    save_annotations(STROMA, path)

    store.load(result, path)

    assert store.annotations(result) == STROMA


@pytest.mark.parametrize("trouble", ["read-only", "gone", "never saved"])
def test_where_the_file_cannot_be_written_a_copy_goes_to_the_results_folder(store, saved, tmp_path, trouble):
    result, path = saved
    store.load(result, None if trouble == "never saved" else path)
    if trouble == "read-only":
        path.chmod(0o444)
    elif trouble == "gone":
        path.unlink()
    reports = []
    store.saved.connect(lambda _, text: reports.append(text))

    store.change(result, TUMOUR)
    store.flush()

    place = store.saved_path(result)
    assert place.parent == tmp_path / "results"
    assert load_annotations(place) == TUMOUR
    assert load_result(place).created == result.created
    assert str(place) in reports[0]
    assert trouble == "never saved" or str(path) in reports[0]


def test_a_folder_that_cannot_be_written_is_reported_and_the_annotations_stay(saved, blocked):
    result, path = saved
    store = a_store(blocked)
    store.load(result, path)
    path.chmod(0o444)
    reports = []
    store.failed.connect(lambda _, text: reports.append(text))

    store.change(result, TUMOUR)
    store.flush()

    assert "Cannot write" in reports[0]
    assert store.annotations(result) == TUMOUR
    store.change(result, Annotations())


NOTES_ELSEWHERE = """
import pathlib, sys
from msm_mil_core.results.annotations import Annotations, Verdict, load_annotations, save_annotations
path = pathlib.Path(sys.argv[1])
for stage in (1, 2):
    given = Verdict(stage=stage, label="elsewhere", at="2026-11-24T10:02:00+01:00")
    save_annotations(load_annotations(path).with_verdict(given), path)
"""


def test_what_another_process_noted_meanwhile_is_kept_and_shown(store, saved):
    result, path = saved
    store.load(result, path)
    store.change(result, STROMA)  # known here, not saved yet
    subprocess.run([sys.executable, "-c", NOTES_ELSEWHERE, str(path)], check=True)
    shown = []
    store.changed.connect(lambda changed: shown.append(store.annotations(changed)))

    store.flush()

    labels = [verdict.label for verdict in load_annotations(path).verdicts]
    assert labels == ["tumour", "elsewhere", "elsewhere"]
    assert shown == [load_annotations(path)]
    assert [old.label for old in shown[0].earlier_verdicts(1)] == ["stroma"]


def test_a_result_that_is_shown_again_has_what_others_saved_meanwhile(store, saved):
    result, path = saved
    store.load(result, path)
    save_annotations(STROMA, path)

    store.load(result, path)

    assert store.annotations(result) == STROMA


def test_two_windows_on_a_read_only_result_share_one_copy(saved, tmp_path):
    path = saved[1]
    path.chmod(0o444)
    windows, opened = [a_store(tmp_path / "results") for _ in range(2)], [load_result(path) for _ in range(2)]
    for window, result in zip(windows, opened, strict=True):
        window.load(result, path)

    for stage, (window, result) in enumerate(zip(windows, opened, strict=True)):
        window.change(result, Annotations().with_verdict(Verdict(stage=stage, label="tumour", at="")))
        window.flush()

    (copy,) = (tmp_path / "results").iterdir()
    assert [verdict.stage for verdict in load_annotations(copy).verdicts] == [0, 1]
    settle()


def test_notes_do_not_go_into_the_file_of_a_run_that_took_its_place(store, saved, tmp_path):
    result, path = saved
    store.load(result, path)
    save_result(replace(result, model=replace(result.model, sha256="cd34")), path)

    store.change(result, TUMOUR)
    store.flush()

    assert load_annotations(path) == Annotations()
    assert store.saved_path(result).parent == tmp_path / "results"
    assert load_annotations(store.saved_path(result)) == TUMOUR


def test_notes_that_had_to_go_into_a_copy_are_found_when_the_file_can_be_written_again(store, saved, tmp_path):
    result, path = saved
    path.chmod(0o444)
    store.load(result, path)
    store.change(result, TUMOUR)
    store.flush()
    path.chmod(0o644)
    tomorrow, reopened = a_store(tmp_path / "results"), load_result(path)

    tomorrow.load(reopened, path)
    tomorrow.change(reopened, tomorrow.annotations(reopened).with_question(a_question()))
    tomorrow.flush()

    assert load_annotations(path).verdict_of(0) == TUMOUR.verdict_of(0)
    assert len(load_annotations(path).questions) == 1


def test_annotations_that_cannot_be_read_are_reported(store, saved):
    result, path = saved
    path.write_bytes(b"no longer a result")
    reports = []
    store.failed.connect(lambda _, text: reports.append(text))

    store.load(result, path)

    assert "cannot be read" in reports[0]
    assert store.annotations(result) == Annotations()


def test_a_view_alone_writes_no_second_file(store, saved, tmp_path):
    result, path = saved
    view = View(stages=(StageView(), StageView(visible=False), StageView()))
    other = replace(result, created="2026-11-25T10:00:00+01:00")
    store.load(result, path)
    store.load(other, None)

    store.remember_view(result, view)
    store.remember_view(other, view)
    store.flush()

    assert load_annotations(path).view == view
    assert not (tmp_path / "results").exists()


def test_a_repeated_run_shares_its_annotations_with_the_first(store, saved):
    result, path = saved
    again = replace(result, created="2026-11-25T10:00:00+01:00")
    store.load(result, path)
    store.change(result, TUMOUR)

    store.load(again, path)
    before = store.annotations(again)
    store.change(again, STROMA)
    store.flush()

    assert before == TUMOUR
    assert store.annotations(result) == STROMA
    assert load_annotations(path) == STROMA


def test_annotations_on_a_read_only_file_are_found_again_the_next_day(store, saved, tmp_path):
    result, path = saved
    path.chmod(0o444)
    store.load(result, path)
    store.change(result, TUMOUR)
    store.flush()
    tomorrow, reopened, reports = a_store(tmp_path / "results"), load_result(path), []
    tomorrow.saved.connect(lambda _, text: reports.append(text))

    tomorrow.load(reopened, path)
    found = tomorrow.annotations(reopened)
    tomorrow.change(reopened, STROMA)
    tomorrow.flush()

    assert found == TUMOUR
    assert str(store.saved_path(result)) in reports[0]
    assert tomorrow.saved_path(reopened) == store.saved_path(result)
    assert load_annotations(store.saved_path(result)) == STROMA


def test_a_copy_replaces_neither_another_run_nor_its_annotations(store, saved, tmp_path):
    result, path = saved
    place = result_path(tmp_path / "results", result)
    save_result(replace(result, created="2026-11-25T10:00:00+01:00"), place, STROMA)
    path.chmod(0o444)
    store.load(result, path)

    store.change(result, TUMOUR)
    store.flush()

    assert load_annotations(place) == STROMA
    assert load_annotations(store.saved_path(result)) == TUMOUR
    assert store.saved_path(result).parent == place.parent


def test_annotations_that_cannot_be_saved_do_not_hold_up_others(saved, blocked, qtbot):
    result, path = saved
    store = a_store(blocked, pause_ms=0)
    stuck = a_result()
    store.load(stuck, None)
    store.load(result, path)

    store.change(stuck, TUMOUR)
    store.change(result, STROMA)

    qtbot.waitUntil(lambda: load_annotations(path) == STROMA, timeout=RUN_MS)
    assert store.annotations(stuck) == TUMOUR
    blocked.unlink()
    store.flush()
    assert load_annotations(store.saved_path(stuck)) == TUMOUR


def test_results_that_share_a_file_move_together(store, saved):
    result, path = saved
    again = load_result(path)
    store.load(result, path)
    store.load(again, path)
    path.chmod(0o444)

    store.change(result, TUMOUR)
    store.flush()
    store.change(again, STROMA)
    store.flush()

    assert store.saved_path(again) == store.saved_path(result)
    assert store.annotations(result) == load_annotations(store.saved_path(result)) == STROMA


def test_closing_during_a_save_writes_the_latest_annotations_last(eager_store, saved):
    result, path = saved
    eager_store.load(result, path)
    eager_store.change(result, TUMOUR)
    QCoreApplication.processEvents()  # the save starts
    eager_store.change(result, STROMA)

    eager_store.flush()
    settle()

    assert load_annotations(path) == STROMA


def test_quitting_saves_what_still_waits(store, saved, qapp):
    result, path = saved
    store.load(result, path)
    store.change(result, TUMOUR)

    qapp.aboutToQuit.emit()

    assert load_annotations(path) == TUMOUR
