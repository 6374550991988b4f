"""Real processes that each look ahead, on simulated devices; what kills or hangs one is told from the others."""

import csv
import os
from functools import partial

import numpy as np
import pytest
import torch

from msm_mil_core import pipeline
from msm_mil_core.cohort import run_jobs as cohort
from msm_mil_core.cohort.ahead import devices_ahead
from msm_mil_core.cohort.ahead.devices_ahead import DevicesAhead
from msm_mil_core.cohort.job_end import JobEnd
from msm_mil_core.cohort.processes import crew
from msm_mil_core.cohort.run_choices import RunChoices
from msm_mil_core.cohort.run_jobs import run_jobs
from msm_mil_core.encoders.encode_options import EncodeOptions
from msm_mil_core.encoders.encoder_on_demand import loaded
from msm_mil_core.results.result_file import load_result
from tests.cohorts import OPTIONS, a_model_of_the_card, cut_slides, jobs_for, small_settings
from tests.core.cohort.processes.simulated_ahead import (
    BATCH,
    Deadly,
    DeadlyOnce,
    SimulatedAhead,
    Waiting,
    a_device,
)
from tests.simulated import on

TIMEOUT_S = 1000.0
"""Longer than a slide takes on the busiest machine."""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model for the features of a simulated device."""
    return a_model_of_the_card(tmp_path_factory.mktemp("model") / "model.safetensors")


@pytest.fixture
def settings(model):
    encode = EncodeOptions(batch=BATCH, threads=1)
    return small_settings(model, analysis=OPTIONS.replace(encode=encode), listed=True)


@pytest.fixture
def jobs(settings, tmp_path):
    return jobs_for(cut_slides(tmp_path / "slides", 5), settings, tmp_path / "out")


@pytest.fixture
def use(monkeypatch):
    return lambda kind: monkeypatch.setattr(cohort, "DevicesAhead", kind)


def ends_of(slides, **choices) -> dict[str, JobEnd]:
    events = run_jobs(slides, RunChoices(**choices))
    ends = [event for event in events if isinstance(event, JobEnd)]
    assert len({end.job.key for end in ends}) == len(ends)  # each ends once
    return {end.job.key: end for end in ends}


def states_in(ends) -> dict[str, str]:
    return {key: end.state for key, end in sorted(ends.items())}


def logits_of(job) -> np.ndarray:
    return load_result(job.target).prediction.logits


def claims_in(jobs) -> list[str]:
    return sorted(path.name for path in jobs[0].folder.records.glob("*.claim"))


def rows_of(jobs) -> list[dict]:
    with jobs[0].folder.table.open() as file:
        return list(csv.DictReader(file))


def test_a_process_claims_its_next_slide_while_one_is_encoded(jobs, use, monkeypatch):
    monkeypatch.setenv("CLAIMS", str(jobs[0].folder.records))
    use(Waiting)  # which would end the process otherwise

    ends = ends_of(jobs, timeout=TIMEOUT_S)

    assert states_in(ends) == {job.key: "finished" for job in jobs}
    assert claims_in(jobs) == []
    assert sorted(row["slide"] for row in rows_of(jobs)) == [str(job.entry.slide) for job in jobs]


def test_each_slide_has_the_result_that_it_has_alone(jobs, use, tmp_path, monkeypatch):
    monkeypatch.setattr(devices_ahead, "find_devices", lambda _: ())
    monkeypatch.setattr(pipeline, "find_encoder", lambda *_, **__: loaded(on(a_device())))
    alone = [job.replace(target=tmp_path / "alone" / job.target.name) for job in jobs]
    ends_of(alone)
    use(SimulatedAhead)

    several = ends_of(jobs, jobs=2)

    assert states_in(several) == {job.key: "finished" for job in jobs}
    for job, other in zip(jobs, alone, strict=True):
        np.testing.assert_array_equal(logits_of(job), logits_of(other))


@pytest.mark.parametrize(
    ("device", "process", "places"),
    [
        ("auto", None, ["auto"]),
        ("auto", 2, ["cuda:2", "cuda:0"]),
        ("cuda:0, cuda:1", None, ["cuda:0"]),
        ("cuda:0,cuda:1", 0, ["cuda:0", "cuda:1"]),
        ("cuda:1", 0, ["cuda:1", "cuda:1"]),
    ],
)
def test_processes_share_the_devices_and_a_slide_by_itself_takes_one(jobs, monkeypatch, device, process, places):
    cards = [torch.device("cuda", card) for card in range(3)]
    named = [torch.device(name.strip()) for name in device.split(",")] if device != "auto" else cards
    monkeypatch.setattr(devices_ahead, "choose_slide_devices", lambda _: tuple(named))
    there = [job.placed(device) for job in jobs]
    ahead = DevicesAhead(there)

    numbers = [] if process is None else [process, process + 1]
    asked = [ahead.of_process(number) for number in numbers] or [ahead]

    assert [each.placed(there[0]).settings.analysis.encode.device for each in asked] == places


def test_a_slide_that_ends_its_process_fails_alone_and_those_beside_it_are_done(jobs, use):
    use(Deadly)

    ends = ends_of(jobs, jobs=2)

    assert states_in(ends) == {job.key: "finished" for job in jobs} | {"cut01": "failed"}
    assert "ended unexpectedly (signal 9)" in ends["cut01"].why
    assert claims_in(jobs) == []


def test_a_result_whose_process_ended_before_it_said_so_counts_once(jobs, use):
    use(DeadlyOnce)

    ends = ends_of(jobs, timeout=TIMEOUT_S)

    assert states_in(ends) == {job.key: "finished" for job in jobs}
    assert ends["cut00"].answer.prediction == load_result(jobs[0].target).prediction.winner
    assert sorted(row["state"] for row in rows_of(jobs)) == ["finished"] * len(jobs)
    assert states_in(ends_of(jobs)) == {job.key: "skipped" for job in jobs}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_slide_that_hangs_ahead_is_given_up_when_it_is_its_turn_and_the_others_are_done(jobs, use, monkeypatch):
    use(SimulatedAhead)
    jobs[1].entry.slide.unlink()
    os.mkfifo(jobs[1].entry.slide)  # whoever opens it waits for ever
    passed_s = 0.0
    monkeypatch.setattr(crew, "Worker", partial(crew.Worker, clock=lambda: passed_s))
    ends = {}

    for event in run_jobs(jobs, RunChoices(timeout=TIMEOUT_S)):
        if isinstance(event, JobEnd):
            ends[event.job.key] = event
            passed_s += TIMEOUT_S if event.job.key == "cut00" else 0  # from when on it is the turn of the next one

    assert list(ends) == ["cut00", "cut01", "cut02", "cut03", "cut04"]
    assert states_in(ends) == {job.key: "finished" for job in jobs} | {"cut01": "failed"}
    assert "--timeout" in ends["cut01"].why
    assert claims_in(jobs) == []


def test_after_a_failure_no_process_begins_a_further_one_if_that_is_wished(jobs, use):
    use(SimulatedAhead)
    jobs[0].entry.slide.write_text("no slide")

    ends = ends_of(jobs, timeout=TIMEOUT_S, keep_going=False)

    assert ends["cut00"].state == "failed"
    assert "cut04" not in ends
    assert [job.target.exists() for job in jobs] == [states_in(ends).get(job.key) == "finished" for job in jobs]
    assert claims_in(jobs) == []
