"""Many slides: the next is read while one is encoded, and each goes to the device that is free."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, Queue
from threading import Event, Thread
from typing import Any, Generic

from msm_mil_core.bags.bag import EncoderCard, FeatureBag
from msm_mil_core.bags.bag_cache import cache_bag, cache_begun
from msm_mil_core.encoders.batch_reader import BatchReader, Tasks, Threads
from msm_mil_core.encoders.encode import batch_of, progress_of, reading_threads
from msm_mil_core.encoders.encode_batches import Advance, encode_batches
from msm_mil_core.encoders.encode_options import EncodeOptions
from msm_mil_core.encoders.encoder_on_demand import EncoderOnDemand
from msm_mil_core.encoders.slide_queue import Job, SlideQueue
from msm_mil_core.encoders.tile_task import TileTask
from msm_mil_core.progress import Progress
from msm_mil_core.slides.slide import Slide

STEPS_WAITING = 4
"""Steps that a device may be ahead of whoever takes them: what bounds the bags in memory."""
LOOK_S = 0.05
"""How often threads that end are looked after."""


@dataclass(frozen=True, slots=True, eq=False)
class SlideAdvanced(Generic[Job]):
    """More tiles of a slide are encoded."""

    job: Job
    progress: Progress


@dataclass(frozen=True, slots=True, eq=False)
class SlideEncoded(Generic[Job]):
    """A slide is encoded; it is closed when the next step is asked for."""

    job: Job
    bag: FeatureBag
    slide: Slide
    device: int
    """Which of the encoders did it."""


@dataclass(frozen=True, slots=True, eq=False)
class SlideFailed(Generic[Job]):
    """A slide could not be prepared, read or encoded, and is closed; the others go on."""

    job: Job
    error: Exception


SlideStep = SlideAdvanced[Job] | SlideEncoded[Job] | SlideFailed[Job]


def encode_slides(
    jobs: Iterable[Job],
    prepare: Callable[[Job], TileTask],
    encoders: Sequence[EncoderOnDemand],
    options: EncodeOptions,
    cache: Path | None = None,
) -> Generator[SlideStep[Job], None, None]:
    """Encode many slides; give each step of each, and in the end its features or why it failed.

    May be dropped between two steps: then reading and computing stop, and slides that are begun are put into the cache
    as far as they came. What the caller does between two steps (predict, save) does not hold up the devices.

    Parameters
    ----------
    jobs
        What is to be encoded; asked for the next one, by one of the threads that prepare at a time, only as it is about
        to be prepared: one slide per device ahead of those that are encoded.
    prepare
        Opens a slide, finds its tissue and lays its tiles (`task_from_cache`), in a thread of its own.
    encoders
        The same encoder on one or several devices; a slide is encoded by one of them. Each is loaded by the first
        slide that it has to encode; where that fails, the slide fails, and the next one tries again.
    cache
        Folder in which features are cached; None caches nothing.
    """
    preparers = ThreadPoolExecutor(len(encoders), thread_name_prefix="prepare-slide")
    steps: Queue[_Sent] = Queue(STEPS_WAITING * len(encoders))
    queue = SlideQueue(jobs, prepare, preparers, len(encoders), lambda *why: steps.put(_Sent(unprepared=why)))
    stop = Event()
    with reading_threads(options, len(encoders)) as threads:
        parts = [_Device(number, encoder, queue, options, threads) for number, encoder in enumerate(encoders)]
        devices = [Thread(target=_drive, args=(part, steps, stop), name="encode-slides") for part in parts]
        for device in devices:
            device.start()
        try:
            yield from _steps(steps, queue, encoders, cache)
        finally:
            stop.set()
            _end(devices, steps)
            preparers.shutdown(wait=True, cancel_futures=True)
            _keep_begun(queue.close(), encoders[0].card, cache)


@dataclass(frozen=True, slots=True, eq=False)
class _Device:
    """What one device encodes with."""

    number: int
    encoder: EncoderOnDemand
    queue: SlideQueue  # type: ignore[type-arg]  # whatever the job, it only hands it on
    options: EncodeOptions
    threads: Threads


@dataclass(frozen=True, slots=True, eq=False)
class _Sent:
    """What a device's thread sends: a task's advance, or a job without one, or its own end.

    The end may be by an error that is no slide's fault.
    """

    task: TileTask | None = None
    done: int = 0
    error: BaseException | None = None
    device: int = 0
    unprepared: tuple[Any, Exception] | None = None
    """A job that could not be prepared, and why."""


def _drive(device: _Device, steps: "Queue[_Sent]", stop: Event) -> None:
    try:
        for advance in _advances(device):
            if stop.is_set():
                break
            steps.put(_Sent(advance.task, advance.task.done, advance.error, device.number))
    except BaseException as exc:  # noqa: BLE001  raised again by whoever takes the steps
        steps.put(_Sent(error=exc))
    else:
        steps.put(_Sent())


def _advances(device: _Device) -> Iterator[Advance]:
    """Pass on slides that are encoded already; with the first other one, load the encoder."""
    while (task := device.queue.take(wait=True)) is not None:
        if task.done == len(task.tiles):
            yield Advance(task)
            continue
        try:
            encoder = device.encoder.load()
        except Exception as exc:  # noqa: BLE001  handed on: it fails this slide
            task.dropped = True
            yield Advance(task, exc)
            continue
        tasks = _Beginning(task, device.queue)
        reader = BatchReader(tasks, batch_of(device.options, encoder), device.threads, encoder.device.pixels)
        yield from encode_batches(reader, encoder)


class _Beginning:
    """A task that was taken already, and then all others; `Tasks`."""

    def __init__(self, first: TileTask, others: Tasks) -> None:
        self._first: TileTask | None = first
        self._others = others

    def take(self, *, wait: bool) -> TileTask | None:
        """Return the first once, then what the others give."""
        first, self._first = self._first, None
        return first or self._others.take(wait=wait)


def _steps(
    steps: "Queue[_Sent]", queue: SlideQueue[Job], encoders: Sequence[EncoderOnDemand], cache: Path | None
) -> Iterator[SlideStep[Job]]:
    devices = len(encoders)
    while devices:
        sent = steps.get()
        if sent.unprepared is not None:
            yield SlideFailed(*sent.unprepared)
        elif sent.task is not None:
            yield from _step(sent, sent.task, queue, encoders[0].card, cache)
        elif sent.error is not None:
            raise sent.error
        else:
            devices -= 1


def _step(
    sent: _Sent, task: TileTask, queue: SlideQueue[Job], card: EncoderCard, cache: Path | None
) -> Iterator[SlideStep[Job]]:
    if isinstance(sent.error, Exception):
        yield SlideFailed(queue.end(task), sent.error)
    elif sent.done < len(task.tiles):
        yield SlideAdvanced(queue.job_of(task), replace(progress_of(task), done=sent.done))  # it has gone on since
    else:
        bag = task.bag(card)
        if cache is not None and task.begun < len(task.tiles):
            cache_bag(bag, cache)
            task.begun = task.done
        yield SlideEncoded(queue.job_of(task), bag, task.slide, sent.device)
        queue.end(task)


def _end(devices: Iterable[Thread], steps: "Queue[_Sent]") -> None:
    for device in devices:
        while device.is_alive():
            try:
                steps.get(timeout=LOOK_S)  # it may wait for room
            except Empty:
                continue
        device.join()


def _keep_begun(tasks: Iterable[TileTask], card: EncoderCard, cache: Path | None) -> None:
    for task in tasks:
        if cache is None or task.begun == task.done:
            continue
        if task.done < len(task.tiles):
            cache_begun(task.bag(card), task.done, cache)
        else:  # nobody has taken its last step
            cache_bag(task.bag(card), cache)
