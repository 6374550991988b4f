"""What a person notes on a result survives in its file, and changes nothing else there."""

import signal
import subprocess
import sys
from dataclasses import replace

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msm_mil_core.errors import OutputError, ResultError
from msm_mil_core.explain.selections.selection import ClaimedTiles, TopTiles
from msm_mil_core.explain.what_if import Question, Step, ask
from msm_mil_core.mil.predict import predict_bag
from msm_mil_core.results import annotations as module
from msm_mil_core.results.annotations import (
    Annotations,
    SavedQuestion,
    StageView,
    Verdict,
    View,
    computed_at,
    is_writable,
    load_annotations,
    question_of,
    save_annotations,
)
from msm_mil_core.results.result_file import load_result, save_result
from tests.models import a_bag, a_checkpoint
from tests.results import a_result, block_of_tiles

texts = st.text(max_size=200)
shares = st.floats(0, 1)
verdicts = st.builds(Verdict, stage=st.integers(0, 9), label=texts, note=texts, at=texts)
steps = st.builds(
    Step,
    verb=st.sampled_from(["remove", "keep"]),
    selection=st.one_of(
        st.builds(ClaimedTiles, stage=st.integers(0, 9)),
        st.builds(TopTiles, stage=st.integers(0, 9), percent=st.floats(0.1, 100)),
    ),
)
questions = st.builds(
    SavedQuestion,
    question=st.builds(Question, steps=st.lists(steps, max_size=3).map(tuple), name=texts),
    left=st.integers(1, 10**6),
    before=st.tuples(shares, shares),
    after=st.tuples(shares, shares),
    at=texts,
)
views = st.builds(View, stages=st.lists(st.builds(StageView, opacity=shares), max_size=4).map(tuple))
notebooks = st.builds(
    Annotations,
    verdicts=st.lists(verdicts, max_size=3).map(tuple),
    questions=st.lists(questions, max_size=3).map(tuple),
    view=st.none() | views,
)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "drawn.msm.h5"
    save_result(a_result(), path)
    return path


def facts_in(path):
    """Every dataset, byte by byte, and every attribute, but for the notes."""
    found = {}

    def collect(name, node):
        found.update({(name, key): np.asarray(value).tobytes() for key, value in node.attrs.items()})
        if isinstance(node, h5py.Dataset) and name != "notebook":
            found[name] = (node.shape, node.dtype, node[()].tobytes())

    with h5py.File(path) as file:
        collect("", file)
        file.visititems(collect)
    return found


def test_a_result_on_which_nobody_noted_anything_has_an_empty_notebook(file):
    assert load_annotations(file) == Annotations()


@settings(max_examples=40)
@given(annotations=notebooks)
def test_any_notes_come_back_as_they_were(tmp_path_factory, annotations):
    path = tmp_path_factory.mktemp("notes") / "drawn.msm.h5"
    save_result(a_result(block_of_tiles(2, 2)), path)

    save_annotations(annotations, path)

    assert load_annotations(path) == annotations


def test_notes_replace_the_last_ones_and_change_nothing_else(file):
    before = facts_in(file)

    for label in ("tumour", "artefact"):
        save_annotations(Annotations().with_verdict(Verdict(stage=1, label=label, at="")), file)

    assert load_annotations(file).verdict_of(1).label == "artefact"
    assert facts_in(file) == before


def test_who_may_read_a_file_stays_as_it_was(file):
    file.chmod(0o600)

    save_annotations(Annotations(), file)

    assert file.stat().st_mode & 0o777 == 0o600


def test_a_link_goes_on_pointing_at_its_file(file, tmp_path):
    known = Annotations().with_verdict(Verdict(stage=0, label="tumour", at=""))
    link = tmp_path / "elsewhere" / "link.msm.h5"
    link.parent.mkdir()
    link.symlink_to(file)

    save_annotations(known, link)

    assert link.is_symlink()
    assert load_annotations(file) == known


def test_a_save_that_is_killed_leaves_the_last_notes(file, monkeypatch):
    known = Annotations().with_verdict(Verdict(stage=0, label="tumour", at=""))
    save_annotations(known, file)

    def killed(source, target):
        target.write_bytes(source.read_bytes()[:1000])
        raise KeyboardInterrupt

    monkeypatch.setattr(module.shutil, "copy", killed)
    with pytest.raises(KeyboardInterrupt):
        save_annotations(Annotations(), file)

    assert load_annotations(file) == known
    assert [path.name for path in file.parent.iterdir()] == [file.name]


SAVES_FOREVER = """
import itertools, pathlib, sys
from msm_mil_core.results.annotations import Annotations, Verdict, save_annotations
for number in itertools.count():
    save_annotations(Annotations().with_verdict(Verdict(stage=0, label=str(number), at="")), pathlib.Path(sys.argv[1]))
    print(number, flush=True)
"""


@pytest.mark.parametrize("saves", [1, 4])
def test_a_program_that_is_killed_while_it_saves_leaves_a_whole_file(file, saves):
    before = facts_in(file)
    words = [sys.executable, "-c", SAVES_FOREVER, str(file)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as saving:
        for _ in range(saves):
            saving.stdout.readline()
        saving.kill()  # somewhere in the next save
        saved = saving.stdout.read().split()

    assert saving.returncode == -signal.SIGKILL
    assert int(load_annotations(file).verdict_of(0).label) >= int(saved[-1] if saved else 0)
    assert facts_in(file) == before


@settings(max_examples=40)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_damaged_file_is_told_and_left_as_it_is(tmp_path_factory, share):
    path = tmp_path_factory.mktemp("cut") / "drawn.msm.h5"
    save_result(a_result(), path)
    cut = path.read_bytes()[: int(share * path.stat().st_size)]
    path.write_bytes(cut)

    with pytest.raises(OutputError, match=r"drawn\.msm\.h5"):
        save_annotations(Annotations(), path)

    assert path.read_bytes() == cut
    assert computed_at(path) == ""


def test_a_file_that_has_gone_is_told(tmp_path):
    with pytest.raises(OutputError, match=r"gone\.msm\.h5 no longer exists"):
        save_annotations(Annotations(), tmp_path / "gone.msm.h5")


def test_a_file_tells_which_result_it_holds(file):
    assert computed_at(file) == a_result().created


def test_a_repeated_run_preserves_the_notes(file):
    known = Annotations().with_verdict(Verdict(stage=0, label="tumour", at=""))
    save_annotations(known, file)

    save_result(replace(a_result(), created="2026-11-25T10:00:00+01:00"), file)

    assert load_annotations(file) == known
    assert load_result(file).created == "2026-11-25T10:00:00+01:00"


def test_another_run_does_not_inherit_the_notes(file):
    save_annotations(Annotations().with_verdict(Verdict(stage=0, label="tumour", at="")), file)

    result = a_result()
    save_result(replace(result, model=replace(result.model, sha256="cd34")), file)

    assert load_annotations(file) == Annotations()


def test_a_damaged_file_is_replaced(file):
    file.write_bytes(b"damaged")

    save_result(a_result(), file)

    assert load_annotations(file) == Annotations()
    assert load_result(file).created == a_result().created


def test_a_read_only_file_is_left_alone(file):
    file.chmod(0o444)

    assert not is_writable(file)
    with pytest.raises(OutputError, match="read-only"):
        save_annotations(Annotations(), file)

    assert load_annotations(file) == Annotations()


def test_annotations_that_cannot_be_read_do_not_hide_the_result(file):
    with h5py.File(file, "r+") as opened:
        opened["notebook"] = '{"verdicts": 3}'

    with pytest.raises(ResultError, match=r"annotations in .* cannot be read"):
        load_annotations(file)
    assert load_result(file).tiles is not None


def test_a_stage_has_one_verdict_and_an_empty_one_takes_it_away():
    annotations = Annotations()
    for stage, label in ((2, "stroma"), (0, "tumour"), (2, "necrosis")):
        annotations = annotations.with_verdict(Verdict(stage=stage, label=label, at=""))

    assert [(verdict.stage, verdict.label) for verdict in annotations.verdicts] == [(0, "tumour"), (2, "necrosis")]
    assert annotations.with_verdict(Verdict(stage=0, label="", at="")).verdict_of(0) is None


def test_an_answer_is_noted_with_its_name_and_numbers():
    predicted = predict_bag(a_checkpoint(), a_bag(30), device="cpu")
    question = Question(steps=(Step(verb="remove", selection=ClaimedTiles(stage=0)),))
    answer = ask(predicted.tile_outputs, block_of_tiles(6, 5), predicted.prediction, question)

    kept = question_of(answer, "No stage 1?")

    assert kept.question == Question(steps=question.steps, name="No stage 1?")
    assert kept.left == answer.kept.sum()
    np.testing.assert_allclose(kept.after, answer.after.probabilities)
    assert Annotations().with_question(kept).with_question(kept).without_question(0).questions == (kept,)
