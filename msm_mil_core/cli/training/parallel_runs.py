"""Several trainings at once: each device has a process of its own, which trains its share of the models in turn."""

import multiprocessing
import signal
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

import torch

from msm_mil_core.cli.training.training_run import TrainingRun
from msm_mil_core.errors import DeviceError, MsmMilError
from msm_mil_core.progress import Progress

POLL_S = 0.5
"""How long to wait for news before progress is shown again."""


@dataclass(frozen=True, slots=True)
class _Update:
    """News of one run."""

    run: str
    """Its name."""
    percent: int


@dataclass(frozen=True, slots=True)
class _End:
    """The last that a process sends: what stopped it, if it did not finish its runs."""

    error: MsmMilError | None = None


Message = _Update | _End
Workers = Mapping["Connection[Message, Message]", BaseProcess]


def train_runs(shares: Sequence[Sequence[TrainingRun]]) -> Generator[Progress, None, None]:
    """Train models, those of each device one after another in its own process; if one fails, all stop.

    Each run stores its state after each epoch, so the same command continues where they were.

    Parameters
    ----------
    shares
        The runs of each device; their options name it.

    Raises
    ------
    MsmMilError
        Whatever one of the trainings raises.
    DeviceError
        If a process ends unexpectedly.
    """
    workers: dict[Connection[Message, Message], BaseProcess] = {}
    try:
        for runs in shares:
            pipe, process = _start(runs)
            workers[pipe] = process
        yield from _follow(workers, [run.options.name for runs in shares for run in runs])
    finally:
        for process in workers.values():
            process.kill()  # the state files are whole at any moment
            process.join()


def _start(runs: Sequence[TrainingRun]) -> "tuple[Connection[Message, Message], BaseProcess]":
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_train_in_turn, args=(runs, theirs, torch.get_num_threads()), daemon=True)
    process.start()
    theirs.close()  # or the end of the process would not be seen in the pipe
    return ours, process


def _follow(workers: Workers, names: Sequence[str]) -> Generator[Progress, None, None]:
    step = f"Training {len(names)} models on {len(workers)} devices"
    percents, running = dict.fromkeys(names, 0), list(workers)
    while running:
        yield Progress(step, sum(percents.values()) // len(names), 100, "%")
        for pipe in wait(running, POLL_S):
            message = _receive(pipe)  # type: ignore[arg-type]  # wait() may be given other things than pipes
            if isinstance(message, _Update):
                percents[message.run] = message.percent
                continue
            if message.error is not None:
                raise message.error
            running.remove(pipe)  # type: ignore[arg-type]


def _receive(pipe: "Connection[Message, Message]") -> Message:
    try:
        return pipe.recv()
    except (EOFError, OSError) as exc:
        raise DeviceError(
            "A training process ended unexpectedly. If memory was short, name fewer devices; the same command "
            'continues where the trainings were. A script of yours needs `if __name__ == "__main__":`.'
        ) from exc


def _train_in_turn(runs: Sequence[TrainingRun], pipe: "Connection[Message, Message]", threads: int) -> None:
    """Train in a process of its own; it ends with the parent process, to which it can no longer send."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process receives it, and ends this one
    torch.set_num_threads(threads)  # sums depend on it in their last digits
    try:
        for run in runs:
            _train(run, pipe)
    except MsmMilError as exc:
        pipe.send(_End(exc))
    except BrokenPipeError:
        return
    else:
        pipe.send(_End())


def _train(run: TrainingRun, pipe: "Connection[Message, Message]") -> None:
    sent = -1
    for progress in run.train():
        percent = 100 * progress.done // progress.total if progress.step == "Training" else 0
        if percent > sent:
            pipe.send(_Update(run.options.name, percent))
            sent = percent
    pipe.send(_Update(run.options.name, 100))
