"""In simulated time: the device never waits where reading keeps up, also from slide to slide, and memory is bounded."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from msm_mil_core.encoders.batch_reader import BATCHES_AHEAD, TILES_A_JOB, BatchReader
from msm_mil_core.encoders.encode_batches import encode_batches
from msm_mil_core.encoders.slide_queue import SlideQueue
from msm_mil_core.encoders.tile_task import TileTask
from msm_mil_core.errors import BatchTooLargeError, SlideError
from msm_mil_core.slides.slide import open_slide
from msm_mil_core.slides.tiling.tiles import TileGrid
from tests.simulated import Clock, Latencies, SimulatedDevice, SimulatedThreads, on
from tests.slides import a_drawn_slide


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_drawn_slide(tmp_path_factory.mktemp("slides") / "drawn.tiff").path


def a_task(path: Path, tiles: int, done: int = 0) -> TileTask:
    at = np.arange(tiles)
    xy_px0 = np.stack([at % 30 * 64, at // 30 * 64], axis=1).astype(np.int64)
    return TileTask(open_slide(path), TileGrid(xy_px0, 64, 32, 1.0), np.full((tiles, 3), -1, np.float32), done)


@dataclass
class Course:
    """A whole run over slides of so many tiles, in simulated time."""

    path: Path
    slides: Sequence[int]
    batch: int = 8
    in_flight: int = 3
    a_tile_s: float = 0.01
    readers: int = 2
    prepare_s: float = 1.0
    most_tiles: int = 10**9
    between_s: float = 0.0
    """What whoever takes the steps does after each."""
    on_run: Callable[["Course"], None] = lambda course: None

    def __post_init__(self) -> None:
        self.clock = Clock()
        self.device = SimulatedDevice(
            self.clock, Latencies(), batch=self.batch, in_flight=self.in_flight, most_tiles=self.most_tiles
        )
        self.device.on_run = lambda: self.on_run(self)
        self.readers_ = SimulatedThreads(self.clock, self.readers, lambda slide, plan, xy, to: self.a_tile_s * len(xy))
        preparers = SimulatedThreads(self.clock, 1, lambda: self.prepare_s)
        self.tasks = [a_task(self.path, tiles) for tiles in self.slides]
        queue = SlideQueue(range(len(self.tasks)), self.tasks.__getitem__, preparers)
        self.reader = BatchReader(queue, self.batch, self.readers_, self.device.pixels)

    @property
    def asked_for(self) -> int:
        """How many tiles the readers were asked for."""
        return sum(len(xy) for _, _, xy, _ in self.readers_.submitted)

    def run(self) -> "Course":
        self.errors = {}
        for advance in encode_batches(self.reader, on(self.device)):
            if advance.error:
                self.errors[advance.task] = advance.error
            self.clock.now += self.between_s
        return self


def features_alone(path: Path, tiles: int) -> np.ndarray:
    return Course(path, [tiles], batch=1, in_flight=1).run().tasks[0].features


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    slides=st.lists(st.integers(17, 60), min_size=1, max_size=4),
    batch=st.integers(2, 16),
    readers=st.integers(1, 4),
    in_flight=st.integers(2, 4),
    waits=st.tuples(st.floats(0.05, 0.35), st.floats(0, 0.3)),
)
def test_slide_borders_cost_nothing_where_reading_keeps_up(path, slides, batch, readers, in_flight, waits):
    pace, between_s = waits
    jobs = -(-batch // TILES_A_JOB)
    a_tile_s = pace / (-(-jobs // readers) * min(batch, TILES_A_JOB))  # a batch is read in `pace` of its computing

    course = Course(path, slides, batch, in_flight, a_tile_s, readers, prepare_s=1.0, between_s=between_s).run()

    assert course.device.computing.idle == pytest.approx(0, abs=1e-6)
    assert sum(course.device.sizes) == sum(slides)
    assert course.device.made <= BATCHES_AHEAD + 1 + in_flight


def test_the_queue_is_always_full_and_never_fuller(path):
    asked_for = []

    Course(path, [40, 24, 32], on_run=lambda course: asked_for.append(course.asked_for)).run()

    assert asked_for == [min(96, 8 * (n + 1 + BATCHES_AHEAD)) for n in range(12)]


def test_a_slide_whose_tissue_takes_longer_than_the_one_before_it_is_waited_for(path):
    course = Course(path, [16, 16], prepare_s=9.0).run()

    assert course.device.computing.idle > 4


def test_reading_that_does_not_keep_up_is_seen(path):
    course = Course(path, [64], a_tile_s=1.0).run()

    assert course.device.computing.idle > 10


def test_copies_run_beside_computing(path):
    course = Course(path, [80]).run()

    spans = course.device.computing.spans
    assert any(begin < spans[0][1] for begin, _ in course.device.inward.spans[1:])
    assert course.device.outward.spans[0][0] < spans[1][1]


def test_where_memory_runs_out_all_batches_come_to_the_same_features(path):
    course = Course(path, [30, 21], most_tiles=3).run()

    assert max(course.device.sizes) <= 3
    for task in course.tasks:
        np.testing.assert_array_equal(task.features, features_alone(path, len(task.tiles)))


def test_memory_for_not_even_one_tile_fails_each_slide(path):
    course = Course(path, [10, 10], most_tiles=0).run()

    assert [type(error) for error in course.errors.values()] == [BatchTooLargeError] * 2


def test_a_slide_that_cannot_be_read_ends_and_the_others_go_on(path, monkeypatch):
    course = Course(path, [30, 30, 30])
    bad = course.tasks[1].slide
    read = type(bad).read

    def damaged(self, *where):
        if self is bad:
            raise SlideError("cut short")
        return read(self, *where)

    monkeypatch.setattr(type(bad), "read", damaged)
    course.run()

    assert list(course.errors) == [course.tasks[1]]
    assert [task.done for task in course.tasks] == [30, 0, 30]
    np.testing.assert_array_equal(course.tasks[2].features, course.tasks[0].features)


def test_a_slide_that_is_encoded_already_ends_in_its_turn(path):
    course = Course(path, [20, 20, 20])
    course.tasks[1].done = 20

    advances = list(encode_batches(course.reader, on(course.device)))

    ended = [course.tasks.index(advance.task) for advance in advances if advance.task.done == 20]
    assert list(dict.fromkeys(ended)) == [0, 1, 2]
    assert sum(course.device.sizes) == 40
