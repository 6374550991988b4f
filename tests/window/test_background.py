"""Long work in a thread: how it ends, and that nothing of it is lost or left."""

import threading

import pytest
from qtpy.QtCore import QThreadPool

from msm_mil_core.errors import DeviceError, MsmMilError, SlideError
from msm_mil_core.progress import Progress
from napari_msm_mil.background import Background, Job
from tests.window.dock_user import RUN_MS, settle


@pytest.fixture
def background(qtbot):
    background = Background()
    yield background
    background.cancel()
    assert QThreadPool.globalInstance().waitForDone(RUN_MS)


def steps(n, *, then=None, raising=None):
    for done in range(n):
        yield Progress("Counting", done, n)
    if raising is not None:
        raise raising
    return then


def endless(closed):
    try:
        while True:
            yield Progress("Waiting", 0, 1)
            threading.Event().wait(0.005)
    finally:
        closed.append(threading.current_thread())


def test_progress_and_result_arrive_in_order(background, qtbot):
    seen = []
    background.progressed.connect(lambda now: seen.append(now.done))

    with qtbot.waitSignal(background.succeeded) as ended:
        background.start(Job("counting", lambda: steps(5, then="all")))

    assert seen == [0, 1, 2, 3, 4]
    assert ended.args == ["all"]
    assert not background.busy


@pytest.mark.parametrize("at_once", [True, False])
def test_a_runtime_error_is_reported_and_not_swallowed(background, qtbot, at_once):
    boom = RuntimeError("CUDA out of memory. Tried to allocate 2 GiB\nmore lines")

    with qtbot.waitSignal(background.failed) as ended:
        background.start(Job("failing", lambda: steps(0 if at_once else 3, raising=boom)))

    assert isinstance(ended.args[0], DeviceError)
    assert "CUDA out of memory. Tried to allocate 2 GiB." in str(ended.args[0])
    assert "more lines" not in str(ended.args[0])
    assert not background.busy


def test_a_runtime_error_before_the_first_step_is_reported_too(background, qtbot):
    def cannot_even_start():
        raise RuntimeError("no driver")

    with qtbot.waitSignal(background.failed) as ended:
        background.start(Job("failing", cannot_even_start))

    assert isinstance(ended.args[0], DeviceError)


def test_our_own_errors_arrive_as_they_are(background, qtbot):
    ours = SlideError("a.svs has gone. Copy it back.")

    with qtbot.waitSignal(background.failed) as ended:
        background.start(Job("failing", lambda: steps(1, raising=ours)))

    assert ended.args[0] is ours


def test_any_other_error_becomes_one_of_ours(background, qtbot):
    with qtbot.waitSignal(background.failed) as ended:
        background.start(Job("failing", lambda: steps(1, raising=ZeroDivisionError("division by zero"))))

    assert isinstance(ended.args[0], MsmMilError)
    assert "ZeroDivisionError" in str(ended.args[0])


def test_cancelling_ends_the_work_in_its_own_thread(background, qtbot):
    closed = []
    with qtbot.waitSignal(background.progressed):
        background.start(Job("waiting", lambda: endless(closed)))

    with qtbot.waitSignal(background.cancelled):
        background.cancel()

    assert len(closed) == 1
    assert closed[0] is not threading.main_thread()
    assert not background.busy


def test_after_a_cancelled_job_another_can_run(background, qtbot):
    with qtbot.waitSignal(background.progressed):
        background.start(Job("waiting", lambda: endless([])))
    with qtbot.waitSignal(background.cancelled):
        background.cancel()

    with qtbot.waitSignal(background.succeeded) as ended:
        background.start(Job("counting", lambda: steps(2, then=2)))

    assert ended.args == [2]


def test_only_one_job_runs_at_a_time(background, qtbot):
    with qtbot.waitSignal(background.progressed):
        background.start(Job("waiting", lambda: endless([])))

    with pytest.raises(ValueError, match="another job"):
        background.start(Job("counting", lambda: steps(1)))

    with qtbot.waitSignal(background.cancelled):
        background.cancel()


def test_a_job_ends_in_exactly_one_way(background, qtbot):
    ends = []
    background.succeeded.connect(lambda _: ends.append("succeeded"))
    background.failed.connect(lambda _: ends.append("failed"))
    background.cancelled.connect(lambda: ends.append("cancelled"))

    for _ in range(2):
        with qtbot.waitSignal(background.succeeded):
            background.start(Job("counting", lambda: steps(3)))
        settle()

    assert ends == ["succeeded"] * 2


def test_the_next_job_can_start_as_soon_as_the_last_one_is_reported(background, qtbot):
    ends = []
    background.cancelled.connect(lambda: ends.append("cancelled"))
    background.succeeded.connect(ends.append)
    background.succeeded.connect(
        lambda value: background.start(Job("again", lambda: steps(3, then="second"))) if value == "first" else None
    )

    background.start(Job("counting", lambda: steps(1, then="first")))
    qtbot.waitUntil(lambda: "second" in ends)
    settle()

    assert ends == ["first", "second"]
