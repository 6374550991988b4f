"""Several programs note on one result: whatever their order and their clocks, no note is lost."""

import json
import subprocess
import sys
from dataclasses import replace
from itertools import chain

import h5py
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msm_mil_core.errors import OutputError, ResultError
from msm_mil_core.explain.what_if import Question
from msm_mil_core.results import change as changes_module
from msm_mil_core.results.annotations import VIEWS, Annotations, load_annotations, save_annotations
from msm_mil_core.results.change import Change
from msm_mil_core.results.notes import VIEW, SavedQuestion, StageView, Verdict, View
from msm_mil_core.results.result_file import load_result, save_result
from tests.results import a_result

AT = "2026-11-24T10:00:00+01:00"


def verdict(label: str, stage: int = 0) -> Verdict:
    return Verdict(stage=stage, label=label, at=AT)


def question(name: str) -> SavedQuestion:
    return SavedQuestion(question=Question(name=name), left=1, before=(0.5, 0.5), after=(0.1, 0.9), at=AT)


def view(opacity: float) -> View:
    return View(stages=(StageView(opacity=opacity),))


labels = st.sampled_from(["tumour", "stroma", "necrosis"])
subjects = st.one_of(
    st.tuples(st.just("stage/0"), st.none() | st.builds(verdict, labels)),
    st.tuples(st.sampled_from(["question/a", "question/b"]), st.none() | st.builds(question, labels)),
    st.tuples(st.just(VIEW), st.builds(view, st.sampled_from([0.1, 0.2, 0.3]))),
)
changes = st.builds(
    lambda noted, time_us, writer: Change(subject=noted[0], time_us=time_us, writer=writer, content=noted[1]),
    subjects,
    st.integers(0, 6),
    st.sampled_from(["a", "b"]),
)
several = st.lists(changes, max_size=20).map(lambda made: Annotations(changes=tuple(made)))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "drawn.msm.h5"
    save_result(a_result(), path)
    return path


@settings(max_examples=60)
@given(a=several, b=several, c=several)
def test_the_order_of_merging_does_not_matter_nor_how_often(a, b, c):
    assert a.merged(b) == b.merged(a)
    assert a.merged(b).merged(c) == a.merged(b.merged(c))
    assert a.merged(a) == a
    assert a.merged(b).merged(b) == a.merged(b)
    assert Annotations().merged(a) == a


@settings(max_examples=60)
@given(a=several, b=several)
def test_merging_loses_nothing_but_old_views_and_the_latest_is_in_force(a, b):
    merged = a.merged(b)

    made = set(chain(a.changes, b.changes))
    assert set(merged.changes) <= made
    lost = made - set(merged.changes)
    assert {change.subject for change in lost} <= {VIEW}
    kept_views = [change for change in merged.changes if change.subject == VIEW]
    assert not lost or len(kept_views) == VIEWS + 1
    for subject in {change.subject for change in made}:
        latest = max((change for change in made if change.subject == subject), key=lambda change: change.order)
        assert [change for change in merged.changes if change.subject == subject][-1] == latest


def test_who_has_seen_a_note_changes_it_even_by_a_clock_that_is_behind(monkeypatch):
    by_right_clock = Annotations().with_verdict(verdict("tumour")).with_question(question("q"))
    monkeypatch.setattr(changes_module.time, "time_ns", lambda: 0)

    changed = by_right_clock.with_verdict(verdict("stroma")).without_question(0).with_view(view(0.3))

    for merged in (by_right_clock.merged(changed), changed.merged(by_right_clock)):
        assert merged.verdict_of(0).label == "stroma"
        assert merged.questions == ()
        assert [old.label for old in merged.earlier_verdicts(0)] == ["tumour"]


def test_what_was_deleted_does_not_come_back_with_an_old_copy():
    before = Annotations().with_verdict(verdict("tumour")).with_question(question("q")).with_question(question("r"))
    deleted = before.with_verdict(verdict("")).without_question(0)

    merged = before.with_verdict(verdict("stroma", stage=1)).merged(deleted)

    assert [each.label for each in merged.verdicts] == ["stroma"]
    assert [each.question.name for each in merged.questions] == ["r"]
    assert [old.label for old in merged.earlier_verdicts(0)] == ["tumour"]


def test_deleting_a_question_that_is_not_there_deletes_none():
    known = Annotations().with_question(question("q"))

    assert known.without_question(1) == known.without_question(-1) == known


PLAIN = {
    "verdicts": [{"stage": 1, "label": "tumour", "note": "left", "at": AT}],
    "questions": [question(name).model_dump(mode="json") for name in ("b", "a", "a")],
    "view": {"stages": [{"visible": True}]},
}


def test_a_file_of_an_earlier_version_is_read_and_merged(file):
    with h5py.File(file, "r+") as opened:
        opened["notebook"] = json.dumps(PLAIN)

    first, second = load_annotations(file), load_annotations(file)
    save_annotations(first.with_verdict(verdict("stroma", stage=1)), file)
    save_annotations(second.with_question(question("c")), file)

    assert first == second
    assert first.verdict_of(1) == Verdict(stage=1, label="tumour", note="left", at=AT)
    merged = load_annotations(file)
    assert [each.question.name for each in merged.questions] == ["b", "a", "a", "c"]
    assert [merged.verdict_of(1).label, merged.earlier_verdicts(1)[0].label] == ["stroma", "tumour"]
    assert merged.view == View(stages=(StageView(),))


@pytest.mark.parametrize(
    "notebook",
    [
        '{"verdicts": 3}',
        '{"changes": [{"subject": "stage/0", "time_us": 1, "writer": "a", "content": {"stages": []}}]}',
        '{"changes": [{"subject": "stage/1", "time_us": 1, "writer": "a", "content": '
        '{"stage": 0, "label": "tumour", "at": ""}}]}',
        '{"changes": [{"subject": "weather", "time_us": 1, "writer": "a", "content": null}]}',
        '{"changes": [], "of a later version": 1}',
    ],
)
def test_notes_that_cannot_be_read_are_not_overwritten(file, notebook):
    with h5py.File(file, "r+") as opened:
        opened["notebook"] = notebook
    before = file.read_bytes()

    with pytest.raises(ResultError, match="cannot be read"):
        load_annotations(file)
    with pytest.raises(OutputError, match="So that they are not lost"):
        save_annotations(Annotations().with_verdict(verdict("tumour")), file)
    with pytest.raises(OutputError, match="So that they are not lost"):
        save_result(a_result(), file)

    assert file.read_bytes() == before


def test_notes_on_one_run_do_not_go_into_the_file_of_another(file):
    result = a_result()
    save_result(replace(result, model=replace(result.model, sha256="cd34")), file)

    with pytest.raises(OutputError, match="holds another run by now"):
        save_annotations(Annotations().with_verdict(verdict("tumour")), file, result)

    assert load_annotations(file) == Annotations()


def test_a_result_that_is_saved_over_the_same_run_keeps_what_both_hold(file):
    save_annotations(Annotations().with_verdict(verdict("tumour")), file)

    save_result(a_result(), file, Annotations().with_question(question("q")))

    merged = load_annotations(file)
    assert merged.verdict_of(0).label == "tumour"
    assert [each.question.name for each in merged.questions] == ["q"]


NOTES = """
import pathlib, sys
from tests.core.results.test_merged_annotations import question, verdict
from msm_mil_core.results.annotations import Annotations, load_annotations, save_annotations
path, name, count = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
known = load_annotations(path)
print("ready", flush=True)
sys.stdin.readline()
for number in range(count):
    known = known.with_question(question(f"{name}{number}"))
    if number % 4 == 0:
        known = known.with_verdict(verdict(f"{name}{number}"))
    saved = save_annotations(known, path)
    if name == "b":
        known = saved
"""


def test_two_processes_that_note_at_once_lose_no_note_while_the_run_is_made_again(file):
    count = 40
    words = [sys.executable, "-c", NOTES, str(file)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    both = [subprocess.Popen([*words, name, str(count)], **pipes) for name in "ab"]
    for process in both:
        assert process.stdout.readline() == "ready\n"
    for process in both:
        process.stdin.write("\n")
        process.stdin.flush()

    for number in range(10):
        save_result(replace(a_result(), created=f"2026-01-1{number}T00:00:00+00:00"), file)

    assert [process.communicate() and process.returncode for process in both] == [0, 0]
    merged = load_annotations(file)
    assert {each.question.name for each in merged.questions} == {f"{name}{n}" for name in "ab" for n in range(count)}
    given_verdicts = {f"{name}{n}" for name in "ab" for n in range(0, count, 4)}
    assert {old.label for old in (*merged.earlier_verdicts(0), merged.verdict_of(0))} == given_verdicts
    assert load_result(file).created.startswith("2026-01-19")
    assert [path.name for path in file.parent.iterdir()] == [file.name]
