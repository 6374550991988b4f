"""Slides on a Dask cluster: a real scheduler and real workers, processes of their own, on the loopback address."""

import os
import signal
from dataclasses import replace

import numpy as np
import pytest

from msm_mil_core.cluster.cluster_options import ClusterOptions
from msm_mil_core.cohort.job_end import JobEnd
from msm_mil_core.cohort.run_choices import RunChoices
from msm_mil_core.cohort.run_jobs import run_jobs
from msm_mil_core.errors import CohortError
from msm_mil_core.results.result_file import load_result
from tests.cohorts import cut_slides, jobs_for

pytest.importorskip("distributed", reason="needs the extra: cluster")

from msm_mil_core.cluster import dask_client
from msm_mil_core.cluster.dask_client import connected
from msm_mil_core.cluster.dask_run import run_on_cluster, run_on_dask
from msm_mil_core.cluster.dask_workers import WorkerFacts, check_workers, own_facts

MANY = 100
"""Slides of which some are left however late, on a busy machine, a run is cancelled."""


@pytest.fixture(scope="module")
def client():
    with connected(ClusterOptions(local=2)) as client:
        yield client


def ends_of(events) -> dict[str, JobEnd]:
    return {event.job.key: event for event in events if isinstance(event, JobEnd)}


def test_each_slide_has_the_result_that_it_has_alone(client, jobs, tmp_path):
    there = ends_of(run_on_dask(jobs, RunChoices(), client))
    alone = [job.replace(target=tmp_path / "alone" / job.target.name) for job in jobs]
    list(run_jobs(alone, RunChoices()))

    assert {key: end.state for key, end in there.items()} == {
        "cut00": "finished",
        "cut01": "finished",
        "cut02": "finished",
    }
    for job, other in zip(jobs, alone, strict=True):
        here, elsewhere = load_result(other.target).prediction, load_result(job.target).prediction
        np.testing.assert_allclose(elsewhere.probabilities, here.probabilities, atol=1e-6)
        assert there[job.key].answer.prediction == here.winner


def test_the_same_run_again_skips_what_is_done_and_repeats_what_failed(client, jobs):
    good = jobs[1].entry.slide.read_bytes()
    jobs[1].entry.slide.write_text("no slide")
    first = ends_of(run_on_dask(jobs, RunChoices(), client))
    jobs[1].entry.slide.write_bytes(good)

    second = ends_of(run_on_dask(jobs, RunChoices(), client))

    assert [first[job.key].state for job in jobs] == ["finished", "failed", "finished"]
    assert first["cut01"].why.startswith(str(jobs[1].entry.slide))
    assert [second[job.key].state for job in jobs] == ["skipped", "finished", "skipped"]


def test_what_a_lost_worker_had_is_done_by_another(client, tmp_path, settings):
    jobs = jobs_for(cut_slides(tmp_path / "slides", 12), settings, tmp_path / "out")
    workers = client.run(os.getpid)
    events = run_on_dask(jobs, RunChoices(), client)
    first = next(event for event in events if isinstance(event, JobEnd))

    os.kill(next(iter(workers.values())), signal.SIGKILL)
    ends = ends_of(events) | {first.job.key: first}

    assert {end.state for end in ends.values()} <= {"finished", "skipped"}
    assert len(ends) == 12
    assert all(load_result(job.target).tiles for job in jobs)


def test_a_run_that_is_dropped_is_cancelled(client, tmp_path, settings):
    jobs = jobs_for(cut_slides(tmp_path / "slides", MANY), settings, tmp_path / "out")
    events = run_on_dask(jobs, RunChoices(), client)
    next(event for event in events if isinstance(event, JobEnd))

    events.close()

    assert ends_of(run_on_dask(jobs[:1], RunChoices(), client))["cut00"].state in ("finished", "skipped")
    assert len(list((tmp_path / "out").glob("*.msm.h5"))) < MANY


@pytest.mark.parametrize(
    ("change", "named"),
    [({"version": "0.0.1"}, "0.0.1"), ({"encoder_sha256": "f" * 64}, "ffffffffffff")],
)
def test_workers_of_another_version_or_other_weights_are_refused_with_both_named(client, settings, change, named):
    here = own_facts(settings)
    other = replace(here, **change)

    with pytest.raises(CohortError, match=named) as refused:
        check_workers(client, other, settings)

    there = here.version if "version" in change else here.encoder_sha256[:12]
    assert there in str(refused.value)
    assert "tcp://" in str(refused.value)


def test_a_slide_that_hangs_its_reader_is_stopped_there_too(client, jobs):
    slow = jobs[0].entry.slide
    slow.unlink()
    os.mkfifo(slow)  # to open it waits for a writer that never comes

    hung = ends_of(run_on_dask(jobs[:1], RunChoices(timeout=0.5), client))
    others = ends_of(run_on_dask(jobs[1:], RunChoices(), client))

    assert "longer than 0.5 s" in hung["cut00"].why
    assert [others[job.key].state for job in jobs[1:]] == ["finished", "finished"]


def test_a_scheduler_that_does_not_answer_is_named_with_what_to_do(jobs, monkeypatch):
    monkeypatch.setattr(dask_client, "CONNECT_S", 2.0)
    with pytest.raises(CohortError, match=r"tcp://127.0.0.1:9.*dask scheduler"):
        list(run_on_cluster(jobs, RunChoices(), ClusterOptions(scheduler="tcp://127.0.0.1:9")))


def test_equal_facts_pass():
    facts = WorkerFacts("1", "an encoder", "a" * 64)

    facts.check(facts, "a worker")
