"""Many slides: each once, on the device that is free, with the features it has alone; dropped, nothing is left."""

import threading
from pathlib import Path

import numpy as np
import pytest

from msm_mil_core.encoders.encode import encode_tiles
from msm_mil_core.encoders.encode_cached import task_from_cache
from msm_mil_core.encoders.encode_options import EncodeOptions
from msm_mil_core.encoders.encode_slides import SlideAdvanced, SlideEncoded, SlideFailed, encode_slides
from msm_mil_core.encoders.encoder_on_demand import loaded
from msm_mil_core.errors import BatchTooLargeError, SlideError
from msm_mil_core.progress import finish
from msm_mil_core.slides.slide import open_slide
from msm_mil_core.slides.tiling.tiles import TileGrid
from tests.simulated import CARD, Clock, Latencies, SimulatedDevice, on
from tests.slides import a_drawn_slide

BATCH = 8
OPTIONS = EncodeOptions(batch=BATCH, threads=2)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_drawn_slide(tmp_path_factory.mktemp("slides") / "drawn.tiff").path


def a_device(most_tiles: int = 10**9) -> SimulatedDevice:
    return SimulatedDevice(Clock(), Latencies(), batch=BATCH, in_flight=2, most_tiles=most_tiles)


def a_grid(tiles: int) -> TileGrid:
    at = np.arange(tiles)
    return TileGrid(np.stack([at % 30 * 64, at // 30 * 64], axis=1).astype(np.int64), 64, 32, 1.0)


def preparer(path: Path, cache: Path | None = None, opened: list | None = None):
    """Give what prepares a job, which is a number of tiles; no job of 13 tiles can be prepared."""

    def prepare(job: int):
        if job == 13:
            raise SlideError("no slide at all")
        slide = open_slide(path)
        if opened is not None:
            opened.append(slide)
        return task_from_cache(slide, a_grid(job), CARD, lambda: BATCH, cache)

    return prepare


def alone(path: Path, tiles: int) -> np.ndarray:
    with open_slide(path) as slide:
        return finish(encode_tiles(slide, a_grid(tiles), on(a_device()), OPTIONS)).features


def threads_left() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith(("read-", "prepare-", "encode-"))]


def test_each_slide_is_encoded_once_and_as_alone_by_devices_that_share_them(path):
    opened, jobs = [], [40, 9, 17, 33, 8, 25]
    devices, both = [a_device(), a_device()], threading.Barrier(2)
    for device in devices:
        device.on_run = lambda device=device: both.wait(60) if len(device.sizes) == 1 else None

    steps = list(
        encode_slides(jobs, preparer(path, opened=opened), [loaded(on(device)) for device in devices], OPTIONS)
    )

    bags = {step.job: step.bag for step in steps if isinstance(step, SlideEncoded)}
    assert sorted(bags) == sorted(jobs)
    for tiles, bag in bags.items():
        np.testing.assert_array_equal(bag.features, alone(path, tiles))
    assert sum(sum(device.sizes) for device in devices) == sum(jobs)
    assert all("is closed" in str(closed(slide)) for slide in opened)
    assert threads_left() == []


def closed(slide) -> Exception:
    with pytest.raises(ValueError, match="closed") as told:
        slide.read((0, 0), 0, (1, 1))
    return told.value


def test_steps_of_a_slide_come_in_order_and_end_with_its_features(path):
    steps = list(encode_slides([20], preparer(path), [loaded(on(a_device()))], OPTIONS))

    assert [type(step) for step in steps] == [SlideAdvanced, SlideAdvanced, SlideEncoded]
    assert [step.progress.done for step in steps[:-1]] == [8, 16]


def test_what_fails_is_given_with_its_reason_and_the_others_go_on(path):
    steps = list(encode_slides([20, 13, 30], preparer(path), [loaded(on(a_device()))], OPTIONS))

    assert [(step.job, str(step.error)) for step in steps if isinstance(step, SlideFailed)] == [(13, "no slide at all")]
    assert [step.job for step in steps if isinstance(step, SlideEncoded)] == [20, 30]


def test_a_device_without_memory_fails_every_slide_and_ends(path):
    steps = list(encode_slides([9, 10], preparer(path), [loaded(on(a_device(most_tiles=0)))], OPTIONS))

    assert [type(step.error) for step in steps] == [BatchTooLargeError] * 2


def test_whoever_takes_the_steps_does_not_hold_up_the_device(path):
    device, further = a_device(), threading.Event()
    device.on_run = lambda: further.set() if len(device.sizes) > 3 else None
    work = encode_slides([16, 16, 16], preparer(path), [loaded(on(device))], OPTIONS)

    next(work)

    assert further.wait(60)  # it has come to the second slide
    work.close()


def test_jobs_are_asked_for_only_as_they_are_needed(path):
    asked = []
    jobs = (asked.append(n) or 16 for n in range(100))
    work = encode_slides(jobs, preparer(path), [loaded(on(a_device()))], OPTIONS)

    next(work)
    work.close()

    assert len(asked) < 20
    assert threads_left() == []


def test_a_run_that_is_dropped_goes_on_where_it_ended(path, tmp_path):
    work = encode_slides([90], preparer(path, tmp_path), [loaded(on(a_device()))], OPTIONS, cache=tmp_path)
    next(work)
    work.close()
    again = a_device()

    steps = list(encode_slides([90], preparer(path, tmp_path), [loaded(on(again))], OPTIONS, cache=tmp_path))

    assert 0 < sum(again.sizes) < 90
    np.testing.assert_array_equal(steps[-1].bag.features, alone(path, 90))


def test_what_is_cached_is_not_encoded_again(path, tmp_path):
    list(encode_slides([20, 30], preparer(path, tmp_path), [loaded(on(a_device()))], OPTIONS, cache=tmp_path))
    again = a_device()

    steps = list(encode_slides([20, 30], preparer(path, tmp_path), [loaded(on(again))], OPTIONS, cache=tmp_path))

    assert [type(step) for step in steps] == [SlideEncoded, SlideEncoded]
    assert again.sizes == []
    np.testing.assert_array_equal(steps[1].bag.features, alone(path, 30))


def test_no_slides_are_no_steps(path):
    assert list(encode_slides([], preparer(path), [loaded(on(a_device()))], OPTIONS)) == []
