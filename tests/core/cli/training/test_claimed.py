"""Trainings on machines that share a folder: one of them trains a model, and a machine that stopped holds none."""

import os
from dataclasses import replace

import pytest

from msm_mil_core.cli.app import call
from msm_mil_core.cli.training import claimed as _claimed
from msm_mil_core.cli.training import training_run
from msm_mil_core.cli.training.claimed import claimed
from msm_mil_core.cohort.claims import STALE_S, Claims
from msm_mil_core.file_lock import HeldError
from msm_mil_core.mil.model_file.checkpoint import load_checkpoint
from msm_mil_core.process_owner import Owner
from tests.bags import a_training_folder


class Time:
    """Time that passes only while something waits for it."""

    def __init__(self):
        self.now = 0.0
        self.meanwhile = lambda: None

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
        self.meanwhile()


@pytest.fixture
def time(monkeypatch):
    time = Time()
    monkeypatch.setattr(_claimed.time, "sleep", time.sleep)
    return time


def elsewhere(folder) -> Claims:
    """The claims as another machine makes them."""
    return Claims(folder, owner=replace(Owner.ours(), machine="0" * 12))


def test_another_machine_that_lives_keeps_it_and_is_named(tmp_path, time):
    claim = elsewhere(tmp_path).take(".m.run")
    time.meanwhile = claim.beat

    with (
        pytest.raises(HeldError, match=rf"m\.run is being trained by process {os.getpid()} on "),
        claimed(tmp_path / "m.run", "is being trained", wait_s=20, claims=Claims(tmp_path, time)),
    ):
        raise AssertionError

    assert 20 <= time.now < 22
    assert claim.is_held()


def test_another_machine_that_is_silent_for_long_loses_it(tmp_path, time):
    claim = elsewhere(tmp_path).take(".m.run")

    with claimed(tmp_path / "m.run", "is being trained", wait_s=20, claims=Claims(tmp_path, time)):
        assert STALE_S <= time.now < STALE_S + 2
        assert not claim.is_held()

    assert list(tmp_path.iterdir()) == []


def test_a_process_of_this_machine_that_has_ended_holds_nothing(tmp_path, time):
    Claims(tmp_path, owner=replace(Owner.ours(), started=1)).take(".m.run")

    with claimed(tmp_path / "m.run", "is being trained", wait_s=20, claims=Claims(tmp_path, time)):
        assert time.now == 0


def test_one_that_is_given_up_meanwhile_is_taken(tmp_path, time):
    claim = elsewhere(tmp_path).take(".m.run")
    time.meanwhile = claim.release

    with claimed(tmp_path / "m.run", "is being trained", wait_s=20, claims=Claims(tmp_path, time)):
        assert 0 < time.now < 20


def test_a_model_that_another_machine_has_trained_meanwhile_is_not_trained_again(tmp_path, capsys, monkeypatch):
    words = [*a_training_folder(tmp_path / "bags"), "--preset", "abmil", "--folds", "2"]
    first, second = tmp_path / "first" / "m.safetensors", tmp_path / "second" / "m.safetensors"
    assert call([*words, "--out", str(first)]) == 0
    trained, waited = [], []

    def another_trains(path, doing, *, wait_s):
        """Another machine ends the training of a model while this one waits for it."""
        waited.append(path.name)
        if len(waited) == 1:
            for done in (path.name, path.with_suffix(".safetensors").name):
                (first.parent / done).rename(second.parent / done)
        return claimed(path, doing, wait_s=wait_s)

    train_on = training_run.train_on
    monkeypatch.setattr(training_run, "claimed", another_trains)
    monkeypatch.setattr(training_run, "train_on", lambda *told, **rest: trained.append(1) or train_on(*told, **rest))

    assert call([*words, "--out", str(second)]) == 0, capsys.readouterr().err

    assert waited == ["m.fold1.seed0.run", "m.fold2.seed0.run"]
    assert len(trained) == 1
    assert load_checkpoint(second.with_name("m.fold1.seed0.safetensors"))
    assert not list(second.parent.glob(".*.claim"))


def test_a_training_that_was_taken_over_writes_no_model(tmp_path, capsys, monkeypatch):
    words = [*a_training_folder(tmp_path / "bags"), "--preset", "abmil"]
    train_on = training_run.train_on

    def silent_for_long(*told, **rest):
        trained = yield from train_on(*told, **rest)
        (mine,) = tmp_path.glob(".m.run.claim/*")
        mine.rename(mine.with_name("0" * 12 + "-1-1-another"))
        return trained

    monkeypatch.setattr(training_run, "train_on", silent_for_long)

    code = call([*words, "--out", str(tmp_path / "m.safetensors")])

    assert code == 2
    assert "was taken over by another process" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "m.safetensors").exists()


def test_a_share_that_another_machine_is_at_is_refused_and_nothing_is_written(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(training_run, "ORPHAN_S", 0.0)
    words = [*a_training_folder(tmp_path / "bags"), "--preset", "abmil", "--folds", "2", "--shard", "1/2"]
    there = tmp_path / "out"
    claim = elsewhere(there).take(".m.fold1.seed0.run")
    monkeypatch.setattr(_claimed.time, "sleep", lambda _: claim.beat())

    code = call([*words, "--out", str(there / "m.safetensors")])

    assert code == 2
    assert "is being trained by process" in " ".join(capsys.readouterr().err.split())
    assert not list(there.rglob("*.safetensors"))
