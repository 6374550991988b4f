"""Many slides: the next is read while one is encoded, and each goes to the device that is free."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, Queue
from threading import Event, Thread
from typing import Generic

from msm_mil_core.bags.bag import FeatureBag
from msm_mil_core.bags.bag_cache import cache_bag, cache_begun
from msm_mil_core.encoders.batch_reader import BatchReader, Threads
from msm_mil_core.encoders.encode import batch_of, progress_of, reading_threads
from msm_mil_core.encoders.encode_batches import encode_batches
from msm_mil_core.encoders.encode_options import EncodeOptions
from msm_mil_core.encoders.registry import Encoder
from msm_mil_core.encoders.slide_queue import Job, SlideQueue
from msm_mil_core.encoders.tile_task import TileTask
from msm_mil_core.progress import Progress

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
    """A slide is encoded, and closed."""

    job: Job
    bag: FeatureBag


@dataclass(frozen=True, slots=True, eq=False)
class SlideFailed(Generic[Job]):
    """A slide could not be prepared, read or encoded, and is closed; the others go on."""

    job: Job
    error: Exception


SlideStep = SlideAdvanced[Job] | SlideEncoded[Job] | SlideFailed[Job]


def encode_slides(
    jobs: Iterable[Job],
    prepare: Callable[[Job], TileTask],
    encoders: Sequence[Encoder],
    options: EncodeOptions,
    cache: Path | None = None,
) -> Generator[SlideStep[Job], None, None]:
    """Encode many slides; give each step of each, and in the end its features or why it failed.

    May be dropped between two steps: then reading and computing stop, and slides that are begun are put into the cache
    as far as they came. What the caller does between two steps (predict, save) does not hold up the devices.

    Parameters
    ----------
    jobs
        What is to be encoded; asked for the next one, in one thread at a time, only as it is about to be prepared:
        one slide per device ahead of those that are encoded.
    prepare
        Opens a slide, finds its tissue and lays its tiles (`task_from_cache`), in a thread of its own.
    encoders
        The same encoder on one or several devices (`load_encoders`); a slide is encoded by one of them.
    cache
        Folder in which features are cached; None caches nothing.
    """
    preparers = ThreadPoolExecutor(len(encoders), thread_name_prefix="prepare-slide")
    queue = SlideQueue(jobs, prepare, preparers, ahead=len(encoders))
    steps: Queue[_Sent] = Queue(STEPS_WAITING * len(encoders))
    stop = Event()
    with reading_threads(options, len(encoders)) as threads:
        parts = [_Device(encoder, queue, batch_of(options, encoder), threads) for encoder in encoders]
        devices = [Thread(target=_drive, args=(part, steps, stop), name="encode-slides") for part in parts]
        for device in devices:
            device.start()
        try:
            yield from _steps(steps, queue, encoders[0], len(encoders), cache)
        finally:
            stop.set()
            _end(devices, steps)
            preparers.shutdown(wait=True, cancel_futures=True)
            _keep_begun(queue.close(), encoders[0], cache)


@dataclass(frozen=True, slots=True, eq=False)
class _Device:
    """What one device encodes with."""

    encoder: Encoder
    queue: SlideQueue  # type: ignore[type-arg]  # whatever the job, it only hands it on
    batch: int
    threads: Threads


@dataclass(frozen=True, slots=True, eq=False)
class _Sent:
    """What a device's thread sends: a task's advance, or its own end, by an error that is no slide's fault or not."""

    task: TileTask | None
    done: int = 0
    error: BaseException | None = None


def _drive(device: _Device, steps: "Queue[_Sent]", stop: Event) -> None:
    try:
        reader = BatchReader(device.queue, device.batch, device.threads, device.encoder.device.pixels)
        for advance in encode_batches(reader, device.encoder):
            if stop.is_set():
                break
            steps.put(_Sent(advance.task, advance.task.done, advance.error))
    except BaseException as exc:  # noqa: BLE001  raised again by whoever takes the steps
        steps.put(_Sent(None, error=exc))
    else:
        steps.put(_Sent(None))


def _steps(
    steps: "Queue[_Sent]", queue: SlideQueue[Job], encoder: Encoder, devices: int, cache: Path | None
) -> Iterator[SlideStep[Job]]:
    while devices:
        sent = steps.get()
        yield from (SlideFailed(job, error) for job, error in queue.failures())
        if sent.task is not None:
            yield _step(sent, sent.task, queue, encoder, cache)
        elif sent.error is not None:
            raise sent.error
        else:
            devices -= 1
    yield from (SlideFailed(job, error) for job, error in queue.failures())


def _step(sent: _Sent, task: TileTask, queue: SlideQueue[Job], encoder: Encoder, cache: Path | None) -> SlideStep[Job]:
    if isinstance(sent.error, Exception):
        return SlideFailed(queue.end(task), sent.error)
    if sent.done < len(task.tiles):
        return SlideAdvanced(queue.job_of(task), replace(progress_of(task), done=sent.done))  # it has gone on since
    bag = task.bag(encoder.card)
    if cache is not None and task.begun < len(task.tiles):
        cache_bag(bag, cache)
    return SlideEncoded(queue.end(task), bag)


def _end(devices: Iterable[Thread], steps: "Queue[_Sent]") -> None:
    for device in devices:
        while device.is_alive():
            try:
                steps.get(timeout=LOOK_S)  # it may wait for room
            except Empty:
                continue
        device.join()


def _keep_begun(tasks: Iterable[TileTask], encoder: Encoder, cache: Path | None) -> None:
    for task in tasks:
        if cache is not None and task.begun < task.done < len(task.tiles):
            cache_begun(task.bag(encoder.card), task.done, cache)
