"""Slides run by the workers of a Dask cluster: the same function for each slide, the same claims, the same result."""

import time
import uuid
from collections.abc import Generator, Sequence
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any

from msm_mil_core.cluster.cluster_options import ClusterOptions
from msm_mil_core.cluster.dask_client import connected
from msm_mil_core.cluster.dask_workers import WorkerFacts, check_children, check_workers, own_facts
from msm_mil_core.cohort.job_end import RUNNING, JobEnd
from msm_mil_core.cohort.run_choices import RunChoices
from msm_mil_core.cohort.run_jobs import run_jobs
from msm_mil_core.cohort.slide_job import SlideJob
from msm_mil_core.errors import CohortError, MsmMilError
from msm_mil_core.progress import Progress
from msm_mil_core.unforeseen import describe_unforeseen

if TYPE_CHECKING:
    from distributed import Client, Event, Future

POLL_S = 0.3
"""How often to look for slides that ended."""
LOOK_S = 1.0
"""How often a worker asks whether the run was cancelled."""

_one_slide = Lock()
"""A worker's process runs one slide at a time, however many threads it has: memory and device are for one."""


def run_on_cluster(
    jobs: Sequence[SlideJob], choices: RunChoices, options: ClusterOptions
) -> Generator[Progress | JobEnd, None, None]:
    """Connect to the cluster that is wanted, and run slides there as `run_on_dask` does.

    Raises
    ------
    CohortError
        As `connected` and `run_on_dask` raise it.
    """
    yield Progress("Connecting to the cluster", 0, 1)
    with connected(options) as client:
        yield from run_on_dask(jobs, choices, client)


def run_on_dask(
    jobs: Sequence[SlideJob], choices: RunChoices, client: "Client"
) -> Generator[Progress | JobEnd, None, None]:
    """Run slides on the workers of a cluster, and give how each ended as soon as it did; dropped, it cancels them.

    What a lost worker had is given to another one. Any cluster that Dask can drive will do: `Client(SLURMCluster(…))`
    of dask-jobqueue, or one on Kubernetes.

    Raises
    ------
    CohortError
        If a worker has another version of this package or other weights of the encoder, or the scheduler is lost.
    """
    if not jobs:
        return
    facts = own_facts(jobs[0].settings)
    check_workers(client, facts, jobs[0].settings)
    if choices.timeout is not None:
        check_children(client)
    cancelled = _event(client)
    futures = {
        client.submit(_run_there, job, choices, facts, cancelled, pure=False, key=f"{cancelled.name}-{job.key}"): job
        for job in jobs
    }
    try:
        yield from _follow(futures, choices, client)
    finally:
        cancelled.set()
        client.cancel(list(futures))


def _event(client: "Client") -> "Event":
    from distributed import Event

    return Event(f"msm-mil-{uuid.uuid4().hex}", client=client)


def _follow(
    futures: "dict[Future, SlideJob]", choices: RunChoices, client: "Client"
) -> Generator[Progress | JobEnd, None, None]:
    from distributed import as_completed

    ended = as_completed(futures, loop=client.loop)
    left = len(futures)
    while left:
        for future in ended.next_batch(block=False):
            left -= 1
            end = _end(future, futures[future])
            yield end
            if end.state == "failed" and not choices.keep_going:
                return
        if client.status != "running":
            raise CohortError(
                "The connection to the Dask scheduler is lost. Results so far are saved; the same command continues."
            )
        yield Progress(RUNNING, 0, 0)
        time.sleep(POLL_S)


def _end(future: "Future", job: SlideJob) -> JobEnd:
    if future.status == "finished":
        end: JobEnd = future.result()
        return end
    return JobEnd(job, "failed", _why(future))


def _why(future: "Future") -> str:
    from distributed import KilledWorker

    error: Any = future.exception() if future.status == "error" else None
    if isinstance(error, KilledWorker):
        return (
            f"The workers that ran it ended unexpectedly, {error.allowed_failures + 1} of them, the last at "
            f"{error.last_worker.address}. Memory may have been short: look into that worker's log."
        )
    if isinstance(error, MsmMilError):
        return str(error)
    return describe_unforeseen(error) if error is not None else f"The cluster gave it up ({future.status})."


def _run_there(job: SlideJob, choices: RunChoices, facts: WorkerFacts, cancelled: "Event") -> JobEnd:
    """Run one slide in a worker's process, unless the run is cancelled before it ends."""
    facts.check(own_facts(job.settings), "a worker that joined later")
    with _one_slide:
        looked = 0.0
        for event in run_jobs([job], choices.replace(jobs=1, wait=True)):
            if isinstance(event, JobEnd):
                return _plain(event)
            if time.monotonic() - looked > LOOK_S:
                looked = time.monotonic()
                if cancelled.is_set():
                    break
    raise CohortError("The run was cancelled.")


def _plain(end: JobEnd) -> JobEnd:
    """Return it without the exception, which another process may be unable to read."""
    if end.error is None:
        return end
    known = isinstance(end.error, MsmMilError)
    return replace(end, error=None, why=end.why if known else describe_unforeseen(end.error))
