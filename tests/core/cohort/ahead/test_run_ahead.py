"""A line of slides on devices that are never idle between two: simulated devices, real slides, claims and results."""

import gc
import threading
import tracemalloc

import numpy as np
import pytest

from msm_mil_core import pipeline
from msm_mil_core.cohort import slide_job
from msm_mil_core.cohort.ahead import devices_ahead
from msm_mil_core.cohort.ahead.devices_ahead import DeviceAhead
from msm_mil_core.cohort.claims import Claims
from msm_mil_core.cohort.job_end import JobEnd
from msm_mil_core.cohort.run_choices import RunChoices
from msm_mil_core.cohort.run_jobs import run_jobs
from msm_mil_core.encoders import encode_slides
from msm_mil_core.encoders.encode_options import EncodeOptions
from msm_mil_core.encoders.encoder_on_demand import EncoderOnDemand, loaded
from msm_mil_core.encoders.slide_queue import SlideQueue
from msm_mil_core.errors import EncoderError
from msm_mil_core.progress import Progress
from msm_mil_core.results.result_file import load_result
from tests.cohorts import OPTIONS, a_model_of_the_card, cut_slides, jobs_for, small_settings
from tests.simulated import CARD, Clock, Latencies, SimulatedDevice, on

BATCH = 2
TILES = 4
"""Of a cut."""
WAIT_S = 60
SIMULATED = OPTIONS.replace(encode=EncodeOptions(batch=BATCH, threads=1))


@pytest.fixture(scope="module")
def seeing_colours(tmp_path_factory):
    """A model for the features of a simulated device."""
    return a_model_of_the_card(tmp_path_factory.mktemp("model") / "model.safetensors")


@pytest.fixture
def jobs(seeing_colours, tmp_path):
    settings = small_settings(seeing_colours, analysis=SIMULATED)
    return jobs_for(cut_slides(tmp_path / "slides", 5), settings, tmp_path / "out")


@pytest.fixture
def use(monkeypatch):
    """Let runs use these encoders; none: each slide by itself, as on one CPU."""

    def use(*encoders: EncoderOnDemand) -> None:
        monkeypatch.setattr(devices_ahead, "find_devices", lambda _: tuple(DeviceAhead(each) for each in encoders))
        monkeypatch.setattr(pipeline, "find_encoder", lambda *_, **__: loaded(on(a_device())))

    return use


def a_device(in_flight: int = 2) -> SimulatedDevice:
    return SimulatedDevice(Clock(), Latencies(), batch=BATCH, in_flight=in_flight)


def ends_of(jobs, **choices) -> dict[str, JobEnd]:
    events = run_jobs(jobs, RunChoices(**choices))
    return {event.job.key: event for event in events if isinstance(event, JobEnd)}


def states_of(jobs, **choices) -> dict[str, str]:
    return {key: end.state for key, end in ends_of(jobs, **choices).items()}


def claims_in(jobs) -> list[str]:
    return sorted(path.name for path in jobs[0].folder.records.glob("*.claim"))


def in_folder(jobs, folder):
    return [job.replace(target=folder / job.target.name) for job in jobs]


def threads_left() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith(("read-", "prepare-", "encode-"))]


@pytest.mark.parametrize("count", [1, 2])
def test_each_slide_has_the_result_that_it_has_alone(jobs, use, tmp_path, count):
    devices = [a_device() for _ in range(count)]
    both = threading.Barrier(count)
    for device in devices:
        device.on_run = lambda device=device: both.wait(WAIT_S) if len(device.sizes) == 1 else None

    use(*(loaded(on(device)) for device in devices))
    ahead = ends_of(jobs)
    use()
    alone = ends_of(in_folder(jobs, tmp_path / "alone"))

    assert {end.state for end in (*ahead.values(), *alone.values())} == {"finished"}
    assert sum(sum(device.sizes) for device in devices) == TILES * len(jobs)
    assert claims_in(jobs) == threads_left() == []
    for job in jobs:
        first, second = load_result(job.target), load_result(tmp_path / "alone" / job.target.name)
        np.testing.assert_array_equal(first.tiles.xy_px0, second.tiles.xy_px0)
        np.testing.assert_array_equal(first.prediction.logits, second.prediction.logits)
        for here, there in zip(first.prediction.stages, second.prediction.stages, strict=True):
            np.testing.assert_array_equal(here.attention, there.attention)
        assert (first.slide, first.options, first.model) == (second.slide, second.options, second.model)
        assert ahead[job.key].answer == alone[job.key].answer


def test_where_a_slide_ends_the_device_has_a_batch_of_the_next_one(jobs, use, monkeypatch):
    device, prepared = a_device(), threading.Semaphore(0)
    monkeypatch.setattr(encode_slides, "SlideQueue", telling(prepared))
    device.on_run = lambda: await_next(device, prepared, len(jobs))
    at_work, when_landed = 0, []
    run, synchronise = device.run, device.synchronise

    def counting_run(tiles):
        nonlocal at_work
        at_work += 1
        return run(tiles)

    def counting_synchronise(features):
        nonlocal at_work
        when_landed.append(at_work)
        at_work -= 1
        return synchronise(features)

    monkeypatch.setattr(device, "run", counting_run)
    monkeypatch.setattr(device, "synchronise", counting_synchronise)
    use(loaded(on(device)))

    states = states_of(jobs)

    batches = len(jobs) * TILES // BATCH
    assert set(states.values()) == {"finished"}
    assert when_landed == [2] * (batches - 1) + [1]


def telling(prepared: threading.Semaphore) -> type:
    """Return a queue that says whenever a slide is ready."""

    class Telling(SlideQueue):
        def __init__(self, jobs, prepare, threads, *rest):
            class Threads:
                def submit(self, job, /, *inputs):
                    future = threads.submit(job, *inputs)
                    future.add_done_callback(lambda _: prepared.release())
                    return future

            super().__init__(jobs, prepare, Threads(), *rest)

    return Telling


def await_next(device, prepared: threading.Semaphore, slides: int) -> None:
    """At the last batch of a slide wait until the next one is ready: it is, or this never ends."""
    batch, last = len(device.sizes), TILES // BATCH
    if batch == last:
        assert prepared.acquire(timeout=WAIT_S)  # the first slide, too, was prepared
    if batch % last == 0 and batch < slides * last:
        assert prepared.acquire(timeout=WAIT_S)


def test_a_slide_is_claimed_when_its_reading_begins_and_no_further_one(jobs, use):
    device, seen = a_device(), []
    device.on_run = lambda: seen.append(claims_in(jobs))
    use(loaded(on(device)))

    ends_of(jobs)

    assert "cut00.claim" in seen[0]
    assert set(seen[0]) <= {"cut00.claim", "cut01.claim", "cut02.claim"}  # one is encoded, one read, one prepared
    assert "cut04.claim" in seen[-1]


def test_one_that_fails_ahead_fails_alone(jobs, use):
    jobs[1].entry.slide.write_text("no slide")
    use(loaded(on(a_device())))

    ends = ends_of(jobs)

    assert [ends[job.key].state for job in jobs] == ["finished", "failed", "finished", "finished", "finished"]
    assert ends["cut01"].why.startswith(str(jobs[1].entry.slide))
    assert claims_in(jobs) == []


def test_after_a_failure_nothing_more_is_begun_if_that_is_wished(jobs, use):
    jobs[0].entry.slide.write_text("no slide")
    device, told, ends = a_device(), threading.Event(), {}
    device.on_run = lambda: told.wait(WAIT_S)
    use(loaded(on(device)))

    for event in run_jobs(jobs, RunChoices(keep_going=False)):
        if isinstance(event, JobEnd):
            ends[event.job.key] = event.state
            told.set()

    assert ends.pop("cut00") == "failed"
    assert "cut04" not in ends
    assert set(ends.values()) == {"finished"}
    assert [job.target.exists() for job in jobs] == [job.key in ends for job in jobs]
    assert claims_in(jobs) == []


def test_a_failure_when_it_is_written_leaves_the_others(jobs, use, monkeypatch):
    save = slide_job.save_result

    def full_disk(result, target, **rest):
        if target == jobs[2].target:
            raise MemoryError
        save(result, target, **rest)

    monkeypatch.setattr(slide_job, "save_result", full_disk)
    use(loaded(on(a_device())))

    ends = ends_of(jobs)

    assert [key for key, end in ends.items() if end.state == "failed"] == ["cut02"]
    assert "too little memory" in ends["cut02"].why


def test_a_run_that_is_dropped_leaves_no_claim_and_is_continued(jobs, use):
    use(loaded(on(a_device())))
    events = run_jobs(jobs, RunChoices())

    first = next(event for event in events if isinstance(event, JobEnd))
    events.close()

    assert first.state == "finished"
    assert claims_in(jobs) == threads_left() == []
    states = states_of(jobs)
    assert states["cut00"] == "skipped"
    assert set(states.values()) == {"skipped", "finished"}
    assert all(load_result(job.target) for job in jobs)


def test_what_is_lost_to_another_process_is_not_written(jobs, use):
    def take_over():
        for claim in jobs[0].folder.records.glob("cut00.claim/*"):
            claim.rename(claim.with_name("0" * 12 + "-1-1-another"))

    device = a_device()
    device.on_run = lambda: take_over() if len(device.sizes) == 1 else None
    use(loaded(on(device)))

    states = states_of(jobs)

    assert states == {"cut00": "held"} | {f"cut0{n}": "finished" for n in range(1, 5)}
    assert not jobs[0].target.exists()


def test_what_others_hold_is_left_to_them_and_what_is_done_is_skipped(jobs, use):
    use(loaded(on(a_device())))
    ends_of(jobs[:2])
    claim = Claims(jobs[0].folder.records).take(jobs[3].key)

    states = states_of(jobs)

    assert states == dict.fromkeys(["cut00", "cut01"], "skipped") | dict.fromkeys(["cut02", "cut04"], "finished") | {
        "cut03": "held"
    }
    claim.release()


def test_with_cached_features_no_encoder_is_loaded(jobs, use, tmp_path):
    cached = [
        job.replace(settings=job.settings.replace(features_folder=tmp_path / "features"))
        for job in in_folder(jobs, tmp_path / "first")
    ]
    use(loaded(on(a_device())))
    ends_of(cached)
    use(EncoderOnDemand(CARD, not_to_be_loaded))

    again = ends_of(in_folder(cached, tmp_path / "again"))

    assert {end.state for end in again.values()} == {"finished"}
    for job in cached:
        here, there = load_result(job.target), load_result(tmp_path / "again" / job.target.name)
        np.testing.assert_array_equal(here.prediction.logits, there.prediction.logits)


def test_a_run_that_was_dropped_encodes_no_tile_twice(jobs, use, tmp_path):
    kept = [job.replace(settings=job.settings.replace(features_folder=tmp_path / "features")) for job in jobs]
    first, second = a_device(in_flight=1), a_device(in_flight=1)
    use(loaded(on(first)))
    events = run_jobs(kept, RunChoices())
    next(event for event in events if isinstance(event, Progress) and event.done == BATCH)
    events.close()
    use(loaded(on(second)))

    states = states_of(kept)

    assert set(states.values()) == {"finished"}
    assert sum(first.sizes) + sum(second.sizes) == TILES * len(jobs)


def test_an_encoder_that_cannot_be_loaded_fails_each_slide(jobs, use):
    use(EncoderOnDemand(CARD, not_to_be_loaded))

    ends = ends_of(jobs)

    assert [end.state for end in ends.values()] == ["failed"] * len(jobs)
    assert all("no weights" in end.why for end in ends.values())


def not_to_be_loaded():
    raise EncoderError("There are no weights.")


def test_a_device_is_asked_for_only_where_slides_share_their_settings(jobs, use, seeing_colours):
    device = a_device()
    use(loaded(on(device)))
    other = small_settings(seeing_colours, analysis=SIMULATED.replace(masks="never"))

    states = states_of([*jobs[:2], jobs[2].replace(settings=other)])

    assert set(states.values()) == {"finished"}
    assert device.sizes == []  # each was run by itself


def test_memory_does_not_grow_with_the_number_of_slides(seeing_colours, use, tmp_path):
    settings = small_settings(seeing_colours, analysis=SIMULATED, listed=True)
    slides = cut_slides(tmp_path / "slides", 20)
    use(loaded(on(a_device())))
    ends_of(jobs_for(slides[:2], settings, tmp_path / "warm"))

    few = peak_of(jobs_for(slides[:6], settings, tmp_path / "few"))
    many = peak_of(jobs_for(slides, settings, tmp_path / "many"))

    assert many < few + 2**20


def peak_of(jobs) -> int:
    """Return the peak of Python's memory in bytes while slides run; their ends are not kept."""
    gc.collect()
    tracemalloc.start()
    try:
        assert sum(isinstance(event, JobEnd) for event in run_jobs(jobs, RunChoices())) == len(jobs)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
