"""A list of slides, worked through in one process."""

import csv
import os

import numpy as np
import pytest

from msm_mil_core.bags.bag import EncoderCard, FeatureBag
from msm_mil_core.bags.bag_file import save_bag
from msm_mil_core.cohort import slide_job
from msm_mil_core.cohort.claims import Claims
from msm_mil_core.cohort.job_end import JobEnd
from msm_mil_core.cohort.overview.cohort_status import read_status
from msm_mil_core.cohort.run_choices import RunChoices
from msm_mil_core.cohort.run_jobs import run_jobs
from msm_mil_core.cohort.run_plan import plan_of, write_plan
from msm_mil_core.cohort.slide_record import read_record, write_record
from msm_mil_core.encoders.encode import encode_tiles
from msm_mil_core.encoders.encode_options import EncodeOptions
from msm_mil_core.encoders.registry import load_encoder
from msm_mil_core.progress import finish
from msm_mil_core.results.result_file import load_result
from msm_mil_core.slides.slide import open_slide
from msm_mil_core.slides.tiling.tiles import TileGrid
from tests.cohorts import OPTIONS, cut_slides, jobs_for, small_settings


def ends_of(jobs, **choices) -> dict[str, JobEnd]:
    events = list(run_jobs(jobs, RunChoices(**choices)))
    return {event.job.key: event for event in events if isinstance(event, JobEnd)}


def states_of(jobs, **choices) -> list[str]:
    return [end.state for end in ends_of(jobs, **choices).values()]


@pytest.fixture
def jobs(slides, settings, tmp_path):
    return jobs_for(slides, settings, tmp_path / "out")


def test_slides_are_finished_then_skipped_and_left_as_they_are(jobs):
    first = ends_of(jobs)
    written = [job.target.stat().st_mtime_ns for job in jobs]

    second = states_of(jobs)

    assert [end.state for end in first.values()] == ["finished"] * 3
    assert first["cut00"].answer.prediction == load_result(jobs[0].target).prediction.winner
    assert second == ["skipped"] * 3
    assert [job.target.stat().st_mtime_ns for job in jobs] == written


@pytest.mark.parametrize("keep_going", [True, False])
def test_one_that_fails_does_not_stop_the_others_unless_that_is_wished(jobs, slides, keep_going):
    slides[0].write_text("no slide")

    ends = ends_of(jobs, keep_going=keep_going)

    assert ends["cut00"].why.startswith(str(slides[0]))
    assert [end.state for end in ends.values()] == (["failed", "finished", "finished"] if keep_going else ["failed"])
    assert states_of([jobs[0]]) == ["failed"]  # and is tried again by the same command


def test_what_another_process_holds_is_left_to_it(jobs):
    elsewhere = Claims(jobs[0].folder.records)
    claim = elsewhere.take(jobs[1].key)

    ends = ends_of(jobs)

    assert {key: end.state for key, end in ends.items()} == {"cut00": "finished", "cut01": "held", "cut02": "finished"}
    assert f"process {os.getpid()}" in ends["cut01"].why
    claim.release()
    assert sorted(states_of(jobs)) == ["finished", "skipped", "skipped"]


def test_a_failure_elsewhere_during_a_run_is_not_repeated(jobs, slides):
    events = run_jobs(jobs, RunChoices())
    next(event for event in events if isinstance(event, JobEnd))

    write_record(jobs[2], "failed", why="It hangs.", answer=None)

    rest = {event.job.key: event for event in events if isinstance(event, JobEnd)}
    assert rest["cut01"].state == "finished"
    assert rest["cut02"].why.startswith("It hangs.")
    assert not jobs[2].target.exists()


def test_a_process_that_lost_its_claim_writes_nothing(jobs, monkeypatch):
    analyse = slide_job.analyse

    def taken_over(slide, *rest, **options):
        result = yield from analyse(slide, *rest, **options)
        for held in jobs[0].folder.records.glob("*.claim/*"):
            held.rename(held.with_name("0" * 12 + "-1-1-another"))
        return result

    monkeypatch.setattr(slide_job, "analyse", taken_over)

    (end,) = ends_of(jobs[:1]).values()

    assert end.state == "held"
    assert "taken over" in end.why
    assert not jobs[0].target.exists()
    assert read_record(jobs[0].folder.record(jobs[0].key)) is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"analysis": OPTIONS.replace(masks="never")}, "masks is checkpoint there, never here"),
        ({"analysis": OPTIONS.replace(tiles=OPTIONS.tiles.replace(mpp=2.0))}, "tiles.mpp is 1.0 there, 2.0 here"),
    ],
)
def test_a_result_of_other_options_is_neither_done_nor_replaced(slides, jobs, model, changed, said):
    ends_of(jobs[:1])
    (other,) = jobs_for(slides[:1], small_settings(model, **changed), jobs[0].target.parent)

    (end,) = ends_of([other]).values()

    assert end.state == "failed"
    assert said in end.why
    assert "--overwrite" in end.why
    assert states_of(jobs[:1]) == ["skipped"]
    replacing = other.replace(settings=other.settings.replace(overwrite=True))
    assert states_of([replacing]) == ["finished"]
    assert states_of([other]) == ["skipped"]


def test_a_result_of_another_slide_model_or_pixel_size_is_not_done(slides, jobs, model):
    ends_of(jobs[:1])
    job = jobs[0]

    resized = job.replace(entry=job.entry.replace(mpp=0.25))
    retrained = job.replace(settings=job.settings.replace(model_sha256="0" * 64))
    whys = [end.why for each in (resized, retrained) for end in ends_of([each]).values()]
    slides[1].replace(slides[0])
    (end,) = ends_of([job]).values()

    assert "slide mpp is 0.5 there, 0.25 here" in whys[0]
    assert "slide mpp_origin" in whys[0]
    assert "model sha256" in whys[1]
    assert "slide quick_hash" in end.why


def test_where_and_how_fast_it_is_computed_does_not_matter(slides, jobs, model, tmp_path):
    ends_of(jobs[:1])
    analysis = OPTIONS.replace(encode=OPTIONS.encode.replace(device="cpu", batch=3, threads=2))
    moved = tmp_path / "moved" / slides[0].name
    moved.parent.mkdir()
    slides[0].rename(moved)

    (elsewhere,) = jobs_for([moved], small_settings(model, analysis=analysis), jobs[0].target.parent)

    assert states_of([elsewhere]) == ["skipped"]


def test_a_result_without_a_record_is_recognised_and_recorded(jobs):
    ends_of(jobs[:1])
    record = jobs[0].folder.record(jobs[0].key)
    known = read_record(record)
    record.unlink()

    states = states_of(jobs[:1])

    assert states == ["skipped"]
    assert read_record(record).answer.replace(notes=()) == known.answer.replace(notes=())


def test_a_damaged_result_is_not_done(jobs):
    ends_of(jobs[:1])
    jobs[0].target.write_bytes(jobs[0].target.read_bytes()[:1000])

    (end,) = ends_of(jobs[:1]).values()

    assert "cannot be read as a result" in end.why


def test_a_listed_run_leaves_a_table_and_the_status_counts_them(tmp_path, model, slides):
    settings = small_settings(model, listed=True)
    jobs = jobs_for([*slides, *cut_slides(tmp_path / "more", 5)[3:]], settings, tmp_path / "out")
    write_plan(plan_of(jobs), jobs[0].folder)
    slides[1].write_text("no slide")
    claim = Claims(jobs[0].folder.records).take(jobs[3].key)
    ends_of(jobs[:4])

    status = read_status(jobs[0].folder)

    with jobs[0].folder.table.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["state"] for row in rows] == ["finished", "failed", "finished"]
    assert rows[0]["prediction"] == load_result(jobs[0].target).prediction.winner
    assert rows[1]["why"].startswith(str(slides[1]))
    assert [job.key for job in status.finished] == ["cut00", "cut02"]
    assert [record.job.key for record in status.failed] == ["cut01"]
    assert [job.key for job in status.running] == ["cut03"]
    assert [job.key for job in status.left] == ["cut04"]
    claim.release()


def test_ready_features_give_the_same_answer_and_are_part_of_what_it_is(slides, jobs, tmp_path):
    ends_of(jobs[:1])
    with open_slide(slides[0]) as slide:
        tiles = load_result(jobs[0].target).tiles
        encoder = load_encoder("efficientnet-lite0", device="cpu", precision="float32")
        save_bag(finish(encode_tiles(slide, tiles, encoder, EncodeOptions())), tmp_path / "cut00.h5")
    entry = jobs[0].entry.replace(features=tmp_path / "cut00.h5")
    ready = jobs[0].replace(entry=entry, target=tmp_path / "ready" / "cut00.msm.h5")

    states = states_of([ready]) + states_of([ready])

    assert states == ["finished", "skipped"]
    answers = [load_result(job.target).prediction.logits for job in (jobs[0], ready)]
    np.testing.assert_allclose(*answers, rtol=1e-5)
    encoded_again = ready.replace(entry=jobs[0].entry)
    assert "features_sha256" in ends_of([encoded_again])["cut00"].why


def test_features_of_another_slide_are_refused(jobs, tmp_path):
    bag = a_bag_of(jobs[1].entry.slide)
    save_bag(bag, tmp_path / "other.h5")
    wrong = jobs[0].replace(entry=jobs[0].entry.replace(features=tmp_path / "other.h5"))

    (end,) = ends_of([wrong]).values()

    assert "features of another slide (cut01.tiff)" in end.why


def a_bag_of(path) -> FeatureBag:
    with open_slide(path) as slide:
        facts = slide.facts
    tiles = TileGrid(np.zeros((1, 2), np.int64), side_px0=64, side_px=32, mpp=1.0)
    card = EncoderCard("efficientnet-lite0", 1280, 224, None, "", "")
    return FeatureBag(np.zeros((1, 1280), np.float32), tiles, facts, card)
