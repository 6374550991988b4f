"""The latest request wins: of several jobs only the outcome of the last one arrives."""

from threading import Event

import pytest
from qtpy.QtCore import QThreadPool

from msm_mil_core.errors import SlideError
from msm_mil_core.progress import Progress
from napari_msm_mil.background import Job
from napari_msm_mil.latest_job import LatestJob
from tests.window.dock_user import RUN_MS, settle


@pytest.fixture
def latest(qtbot):
    latest = LatestJob()
    yield latest
    latest.cancel()
    assert QThreadPool.globalInstance().waitForDone(RUN_MS)


@pytest.fixture
def reports(latest):
    """What arrives, in order."""
    reports = []
    latest.succeeded.connect(reports.append)
    latest.failed.connect(reports.append)
    return reports


@pytest.fixture
def gate():
    """A gate that holds jobs up until it is opened; at the end of the test it is open."""
    gate = Event()
    yield gate
    gate.set()


def a_job(value, *, gate=None, started=None):
    """Return a job that returns a value, or raises it; it stays in its first step until the gate is opened."""

    def work():
        if started is not None:
            started.append(value)
        if gate is not None:
            gate.wait()
        yield Progress(str(value), 0, 1)
        if isinstance(value, Exception):
            raise value
        return value

    return Job(str(value), work)


def test_one_job_reports_its_progress_and_what_it_returned(latest, reports, qtbot):
    steps = []
    latest.progressed.connect(lambda now: steps.append(now.step))

    with qtbot.waitSignal(latest.succeeded, timeout=RUN_MS):
        latest.request(a_job("only"))

    assert (steps, reports) == (["only"], ["only"])
    assert not latest.busy


def test_of_three_requests_the_second_never_starts_and_the_last_one_wins(latest, reports, gate, qtbot):
    started = []

    latest.request(a_job(1, gate=gate, started=started))
    qtbot.waitUntil(lambda: started == [1], timeout=RUN_MS)
    latest.request(a_job(2, started=started))
    latest.request(a_job(3, started=started))
    gate.set()
    qtbot.waitUntil(lambda: bool(reports), timeout=RUN_MS)
    settle()

    assert started == [1, 3]
    assert reports == [3]


def test_progress_of_a_replaced_job_is_not_reported(latest, gate, qtbot):
    steps, started = [], []
    latest.progressed.connect(lambda now: steps.append(now.step))

    latest.request(a_job("old", gate=gate, started=started))
    qtbot.waitUntil(lambda: bool(started), timeout=RUN_MS)
    with qtbot.waitSignal(latest.succeeded, timeout=RUN_MS):
        latest.request(a_job("new"))
        gate.set()

    assert steps == ["new"]


@pytest.mark.parametrize("outcome", ["done", SlideError("gone")], ids=["success", "failure"])
def test_a_job_that_ended_before_it_was_replaced_is_dropped_all_the_same(latest, reports, outcome, qtbot):
    latest.request(a_job(outcome))
    assert QThreadPool.globalInstance().waitForDone(RUN_MS)  # it ended; its signals have not arrived yet

    with qtbot.waitSignal(latest.succeeded, timeout=RUN_MS):
        latest.request(a_job("new"))
    settle()

    assert reports == ["new"]


@pytest.mark.parametrize("outcome", ["done", SlideError("gone")], ids=["success", "failure"])
def test_nothing_arrives_after_cancelling(latest, reports, outcome):
    latest.request(a_job(outcome))

    latest.cancel()
    busy = latest.busy
    settle()

    assert not busy
    assert reports == []


def test_cancelling_drops_what_was_waiting_too(latest, reports, gate, qtbot):
    started = []
    latest.request(a_job(1, gate=gate, started=started))
    qtbot.waitUntil(lambda: bool(started), timeout=RUN_MS)
    latest.request(a_job(2, started=started))

    latest.cancel()
    gate.set()
    settle()

    assert (started, reports) == ([1], [])


def test_the_same_job_can_be_requested_again_while_it_runs(latest, reports, gate, qtbot):
    started = []
    job = a_job(1, gate=gate, started=started)
    latest.request(job)
    qtbot.waitUntil(lambda: started == [1], timeout=RUN_MS)

    latest.request(job)
    gate.set()
    qtbot.waitUntil(lambda: bool(reports), timeout=RUN_MS)

    assert (started, reports) == ([1, 1], [1])


def test_a_failure_of_the_latest_job_is_reported(latest, qtbot):
    error = SlideError("a.svs has gone. Copy it back.")

    with qtbot.waitSignal(latest.failed, timeout=RUN_MS) as ended:
        latest.request(a_job(error))

    assert ended.args[0] is error
    assert not latest.busy


def test_a_report_may_ask_for_the_next_job(latest, reports, qtbot):
    latest.succeeded.connect(lambda value: latest.request(a_job(value + 1)) if value < 3 else None)

    latest.request(a_job(1))
    qtbot.waitUntil(lambda: reports == [1, 2, 3], timeout=RUN_MS)

    assert not latest.busy
