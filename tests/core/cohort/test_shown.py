"""What a folder of slides shows: a page, a table for statistics, and commands that say what is left."""

import json
from html.parser import HTMLParser

import pytest

from msm_mil_core.cli.app import call
from msm_mil_core.cohort.cohort_folder import CohortFolder
from msm_mil_core.cohort.overview.index_page import write_index
from msm_mil_core.cohort.overview.slides_parquet import write_parquet
from msm_mil_core.cohort.slide_record import read_record, read_records, write_record
from msm_mil_core.results.result_file import load_result
from tests.cohorts import WORDS, jobs_for


class Page(HTMLParser):
    """Collects what a page refers to, and its rows."""

    def __init__(self, text):
        super().__init__()
        self.refers_to, self.rows, self.text = [], 0, text
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.rows += tag == "tr"
        self.refers_to += [value for name, value in attrs if name in ("src", "href")]


@pytest.fixture
def run(slides, model, tmp_path, capsys):
    """Call msm-mil on a folder in which a slide has been run and one has failed; give exit code and output."""
    (tmp_path / "out").mkdir()
    slides[1].write_text("no slide")
    (tmp_path / "slides.csv").write_text("slide\nslides/cut00.tiff\nslides/cut01.tiff\n")
    words = ["run", tmp_path / "slides.csv", "--model", model.path, "--out", tmp_path / "out", *WORDS]

    def call_it(*words):
        code = call([str(word) for word in words])
        captured = capsys.readouterr()
        return code, " ".join(captured.out.split()), captured.err

    code, said, err = call_it(*words, "--no-keep-features")
    assert code == 1
    assert "2 slides: 1 finished, 1 failed" in said
    assert "slide 2 of 2, cut01.tiff" in err
    return call_it


def test_the_index_shows_slides_maps_and_reports_and_loads_nothing_from_elsewhere(run, tmp_path):
    (tmp_path / "out" / "cut00.report.html").write_text("a report")

    code, said, _ = run("status", tmp_path / "out", "--index")

    page = Page((tmp_path / "out" / "index.html").read_text())
    result = load_result(tmp_path / "out" / "cut00.msm.h5")
    assert code == 1
    assert "2 slides: 1 done, 0 running, 1 failed, 0 left" in said
    assert page.rows == 3
    assert "cut00.report.html" in page.refers_to
    assert all((tmp_path / "out" / name).is_file() for name in page.refers_to)
    assert sum(name.endswith(".jpg") for name in page.refers_to) == 1 + len(result.prediction.stages)
    assert "Research use, not for diagnosis" in page.text
    assert result.prediction.winner in page.text
    assert "cut01.tiff" in page.text


def test_the_index_lists_slides_whatever_their_names(tmp_path, settings):
    names = ["n" * 245 + ".tiff", '<b>&".tiff', "%41 #?.tiff", "-dash.tiff", "ü\n切片.tiff"]
    jobs = jobs_for([tmp_path / name for name in names], settings, tmp_path / "out")
    for job in jobs:
        write_record(job, "failed", why="It is none.", answer=None)

    page = Page(write_index(jobs[0].folder).read_text(encoding="utf-8"))

    assert page.rows == 1 + len(names)
    assert "<b>" not in page.text
    assert page.refers_to == []


def test_status_and_retry_know_what_failed_and_how_it_was_wanted(run, slides, tmp_path):
    code, said, _ = run("status", tmp_path / "out", "--json")
    assert code == 1
    assert list(json.loads(said)["failed"]) == [str(slides[1])]
    slides[2].replace(slides[1])

    code, said, _ = run("retry", tmp_path / "out", "--json")

    assert code == 0
    assert json.loads(said)["state"] == "finished"
    results = [load_result(tmp_path / "out" / f"cut0{number}.msm.h5") for number in range(2)]
    assert results[0].options["tissue"] == results[1].options["tissue"]
    assert results[0].options["tissue"]["whole_slide"]
    assert run("status", tmp_path / "out")[0] == 0
    assert "nothing to do" in run("retry", tmp_path / "out")[1]


def test_what_is_not_finished_is_named_where_nothing_has_failed(run, tmp_path):
    failed = tmp_path / "out" / ".msm-mil" / "slides" / "cut01.json"
    failed.unlink()

    code, _, said = run("retry", tmp_path / "out")

    assert code == 0
    assert "Not finished: 1 of 2 slides; --left runs them" in said


def test_with_json_every_line_is_json(run, tmp_path):
    out = tmp_path / "out"
    calls = [
        ("status", out, "--json", "--index"),
        ("retry", out, "--json"),
        ("run", tmp_path / "slides" / "cut00.tiff", "--out", out, "--shard", "2/2", "--json"),
    ]

    for words in calls:
        _, said, _ = run(*words)
        assert all(json.loads(line) for line in said.splitlines())


def test_the_same_command_skips_what_is_done_and_others_are_refused_by_name(run, slides, model, tmp_path):
    words = ["run", slides[0], "--model", model.path, "--out", tmp_path / "out", "--no-keep-features"]

    same = run(*words, *WORDS)
    other = run(*words, *WORDS, "--masks", "never")

    assert same[0] == 0
    assert "was done before" in same[1]
    assert other[0] == 2
    assert "cut00.msm.h5 already exists" in other[2]
    assert "masks is checkpoint there, never here" in other[2]


def test_a_folder_into_which_nothing_was_run_has_no_status(tmp_path, capsys):
    assert call(["status", str(tmp_path)]) == 2
    assert "Nothing was run into" in capsys.readouterr().err


def test_slides_as_parquet(run, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    folder = CohortFolder(tmp_path / "out")

    count = write_parquet(folder, tmp_path / "slides.parquet")

    rows = parquet.read_table(tmp_path / "slides.parquet").to_pylist()
    answer = read_record(folder.record("cut00")).answer
    assert count == len(rows) == len(list(read_records(folder))) == 2
    assert rows[0]["prediction"] == answer.prediction
    assert rows[0][f"P({answer.prediction})"] == answer.probability
    assert (rows[1]["state"], rows[1]["prediction"]) == ("failed", None)
