"""The report: one page with everything, that holds its pictures itself and names no patient."""

import sys
from dataclasses import replace
from html.parser import HTMLParser

import h5py
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from msm_mil_core.cli.app import call
from msm_mil_core.display.stage_style import stage_ramp
from msm_mil_core.errors import OutputError
from msm_mil_core.explain.selections.selection import ClaimedTiles
from msm_mil_core.explain.what_if import Question, Step, ask
from msm_mil_core.export.report.images import draw_map, make_canvas
from msm_mil_core.export.report.report import write_report
from msm_mil_core.export.report.report_options import ReportOptions
from msm_mil_core.export.tables.roles import answer_roles
from msm_mil_core.mil.predict import predict_bag
from msm_mil_core.progress import finish
from msm_mil_core.results.annotations import Annotations, Verdict, question_of, save_annotations
from msm_mil_core.results.result_file import save_result
from msm_mil_core.slides.slide import open_slide
from tests.icc import a_profile
from tests.models import a_bag, a_checkpoint
from tests.results import LIKE, UNLIKE, a_prediction, a_result, block_of_tiles, slide_facts, tile_grid
from tests.slides import a_drawn_slide, a_picture, write_slide

QUICK = ReportOptions(examine=False, gallery_count=3)
CHARACTERS = st.characters(exclude_categories=("Cs", "Cc"))
WHEN = "2026-11-24T10:00:00+01:00"


class Reader(HTMLParser):
    """What a browser would see: the text, the tags, and where pictures come from."""

    def __init__(self, page):
        super().__init__()
        self.text, self.tags, self.sources = "", [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return a_drawn_slide(tmp_path_factory.mktemp("slides") / "drawn.tiff")


def questionable(slide=None):
    predicted = predict_bag(a_checkpoint(), a_bag(64), device="cpu")
    tiles = tile_grid([(4 + n % 8, 2 + n // 8) for n in range(64)], side_px0=128)
    return replace(a_result(tiles, slide=slide, prediction=predicted.prediction), tile_outputs=predicted.tile_outputs)


def written(result, path, *, annotations=None, slide=None, options=QUICK):
    finish(write_report(result, annotations or Annotations(), slide, path, options))
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize(("mpp", "warned"), [(0.5, False), (5.0, True)])
def test_a_slide_coarser_than_the_tiles_is_said_on_the_page(tmp_path, mpp, warned):
    page = Reader(written(a_result(slide=slide_facts(mpp=mpp)), tmp_path / "a.html"))

    assert ("5 µm per pixel, enlarged 9.6 times to 0.52 µm" in page.text) == warned


def test_everything_is_on_the_page(drawn, tmp_path):
    with open_slide(drawn.path) as slide:
        result = questionable(slide.facts)
        question = Question(steps=(Step(verb="remove", selection=ClaimedTiles(stage=0)),))
        answer = ask(result.tile_outputs, result.tiles, result.prediction, question)
        annotations = Annotations().with_question(question_of(answer, "No stage 1?"))
        annotations = annotations.with_verdict(Verdict(stage=1, label="tumour", note="solid nests", at=WHEN))
        page = written(result, tmp_path / "r.html", annotations=annotations, slide=slide, options=ReportOptions())

    seen = Reader(page)
    for told in (
        "drawn.tiff",
        f"{result.prediction.probabilities.max():.3f}",
        "Research use, not for diagnosis.",
        "tumour",
        "solid nests",
        "No stage 1?",
        "without the tiles that stage 1 claims",
        "Removing the 3 tiles of stage 2",
        "Stages 1 and 3",
        "Bias ",
        f"Evidence for {result.prediction.winner}",
        "Stage 2 looks at 3 tiles that argue",
        result.model.sha256,
        result.slide.quick_hash,
        "only here",
    ):
        assert told in seen.text, told
    assert seen.sources
    assert all(source.startswith("data:image/") for source in seen.sources)


def test_a_page_needs_nothing_from_elsewhere_and_tells_no_path(drawn, tmp_path):
    with open_slide(drawn.path) as slide:
        page = written(questionable(slide.facts), tmp_path / "r.html", slide=slide)

    assert "http:" not in page
    assert "https:" not in page
    assert str(drawn.path.parent) not in page
    assert len(page) < 5e6


@settings(max_examples=10)
@given(words=st.lists(st.text(alphabet=CHARACTERS, min_size=1, max_size=80), min_size=3, max_size=3))
def test_whatever_is_written_in_a_note_is_shown_as_it_is(tmp_path_factory, words):
    texts = [f"<script>alert(1)</script> {stage} {word} &amp; \"'" for stage, word in enumerate(words)]
    annotations = Annotations()
    for stage, text in enumerate(texts):
        annotations = annotations.with_verdict(Verdict(stage=stage, label=text, note=text, at=WHEN))

    page = written(a_result(block_of_tiles(2, 2)), tmp_path_factory.mktemp("out") / "r.html", annotations=annotations)

    seen = Reader(page)
    assert "script" not in seen.tags
    assert all(seen.text.count(text) == 2 for text in texts)


def test_the_label_is_shown_only_when_asked_for(shared, tmp_path):
    with open_slide(shared("slides/CMU-1-Small-Region.svs")) as slide:
        result = a_result(block_of_tiles(6, 5), slide=slide.facts)
        without = written(result, tmp_path / "a.html", slide=slide)
        asked = written(result, tmp_path / "b.html", slide=slide, options=QUICK.replace(with_label=True))

    assert "label" in slide.associated_names
    assert "label image" not in without
    assert "macro image" not in without
    assert "label image" in asked


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (a_result(), "The slide drawn.svs was not available"),
        (a_result(), "no role can be given to a stage. Run the slide again."),
        (a_result(prediction=a_prediction(30, evidence=False), preset="paper"), "preset paper"),
        (
            a_result(prediction=a_prediction(30, evidence=False), preset="paper"),
            "In its model (preset paper) tiles change each other, so no role can be given to a stage.",
        ),
        (a_result(prediction=a_prediction(30, S=1)), "The model has one stage"),
        (a_result(block_of_tiles(1, 1), prediction=a_prediction(1)), "None was saved with the result."),
        (a_result(slide=replace(a_result().slide, mpp=None)), "unknown"),
    ],
    ids=["no slide", "no tile outputs", "paper", "paper's roles", "one stage", "one tile", "no mpp"],
)
def test_what_cannot_be_shown_is_said(result, told, tmp_path):
    assert told in Reader(written(result, tmp_path / "r.html", options=ReportOptions())).text


def test_evidence_is_the_first_map_and_every_stage_map_names_its_role(tmp_path):
    result = questionable()

    seen = Reader(written(result, tmp_path / "r.html"))

    roles = answer_roles(result)
    first_map = seen.text.index(f"Evidence for {roles.answer}")
    stages = seen.text.index("What each stage attended to")
    assert first_map < seen.text.index("What each stage is for") < stages
    assert all(sentence in seen.text[first_map:stages] for sentence in roles.sentences)
    assert all(roles.title(stage) in seen.text[stages:] for stage in range(3))


def test_the_page_says_what_the_answer_is_worth(tmp_path):
    figures = {"bags": 90, "auc": 0.9, "auc_low": 0.8, "auc_high": 0.95, "ece_high": 1.0}
    poor = a_result(record={"demonstration": True, "figures": {"test": figures}})
    sure = a_result(record={"figures": {"test": figures | {"ece_high": 0.0}}})

    of_poor, of_sure = (Reader(written(result, tmp_path / "r.html")).text for result in (poor, sure))

    assert "Demonstration model: not to be relied on. AUC 0.90 (95 % interval 0.80 to 0.95; 0.5 is guessing)" in of_poor
    assert "Too close to call" in of_poor
    assert f"MSM-MIL predicts {sure.prediction.winner}, with probability" in of_sure
    assert "relied on" not in of_sure


@pytest.mark.parametrize("tissue", [UNLIKE, LIKE, None])
def test_tissue_unlike_what_the_model_learnt_is_said_once_and_the_answer_greyed(tmp_path, tissue):
    text = written(a_result(tissue=tissue), tmp_path / "r.html")

    assert text.count("Tissue unlike what the model learnt") == (tissue is UNLIKE)
    assert ('<table class="unlike">' in text) == (tissue is UNLIKE)


@pytest.mark.parametrize(("colors", "shown"), [("srgb", "converted to sRGB"), ("as-stored", "as stored")])
def test_the_colours_of_the_encoder_and_of_the_pictures_are_on_the_page(tmp_path, colors, shown):
    picture = a_picture((1024, 768), {(128, 128, 512, 512): (214, 140, 190)})
    how = {"tile": (256, 256), "photometric": "rgb", "metadata": None, "iccprofile": a_profile("Scanner 7")}
    tifffile.imwrite(tmp_path / "drawn.tif", picture, **how)

    with open_slide(tmp_path / "drawn.tif", mpp=0.5) as slide:
        result = a_result(slide=slide.facts)
        page = written(result, tmp_path / "a.html", slide=slide, options=QUICK.replace(colors=colors))

    assert f"as stored for the encoder, {shown} in these pictures (ICC profile Scanner 7)" in Reader(page).text


def test_another_slide_is_refused(drawn, tmp_path):
    with open_slide(drawn.path) as slide, pytest.raises(OutputError, match="not the slide of this result"):
        written(a_result(), tmp_path / "r.html", slide=slide)


def test_a_report_that_is_dropped_leaves_nothing(tmp_path):
    work = write_report(a_result(), Annotations(), None, tmp_path / "r.html", QUICK)
    next(work)
    work.close()

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("size_px0", [(1001, 1700), (1700, 1001)])  # a thumbnail's sides are rounded apart
def test_tiles_at_the_edge_of_a_slide_are_on_the_canvas(tmp_path, size_px0):
    cols, rows = size_px0[0] // 100, size_px0[1] // 100
    path = write_slide(tmp_path / "drawn.tif", a_picture(size_px0, {(0, 0, *size_px0): (214, 140, 190)}), levels=1)

    with open_slide(path) as slide:
        canvas = make_canvas(block_of_tiles(cols, rows), size_px0, slide)

    height, width = canvas.rgb.shape[:2]
    assert max(height, width) == pytest.approx(max(size_px0) / canvas.px0_per_px)
    assert np.abs(canvas.rgb.reshape(-1, 3).mean(0) - (214, 140, 190)).max() < 3


def test_a_map_colours_the_tiles_that_have_a_value_and_leaves_the_others():
    tiles = block_of_tiles(4, 2, side_px0=100)
    canvas = make_canvas(tiles, (400, 200), None)
    values = np.array([0, 0, 0, 0, 0, 0, 1, np.nan], np.float32)

    picture = draw_map(canvas, tiles, values, stage_ramp(0), (0, 1))

    height, width = picture.shape[:2]
    hot, blank = picture[3 * height // 4, 5 * width // 8], picture[3 * height // 4, 7 * width // 8]
    assert (height, width) == (380, 760)
    assert hot[2] > hot[0] + 60
    assert (blank == 255).all()


def test_the_command_writes_a_page_and_replaces_none_unasked(tmp_path, capsys):
    source = tmp_path / "drawn.msm.h5"
    save_result(a_result(), source)
    save_annotations(Annotations().with_verdict(Verdict(stage=0, label="artefact", at=WHEN)), source)
    words = ["report", str(source), "--out", str(tmp_path)]

    first, again = call(words), call(words)

    assert (first, again) == (0, 2)
    assert "artefact" in (tmp_path / "drawn.report.html").read_text(encoding="utf-8")
    assert "already exists" in capsys.readouterr().err


def test_damaged_notes_do_not_hold_up_a_report(tmp_path, capsys):
    source = tmp_path / "drawn.msm.h5"
    save_result(a_result(), source)
    with h5py.File(source, "r+") as file:
        file["notebook"] = '{"verdicts": 3}'

    code = call(["report", str(source), "--out", str(tmp_path)])

    assert code == 0
    assert "Without annotations" in " ".join(capsys.readouterr().err.split())


def test_a_pdf_is_made_of_the_same_page(tmp_path):
    pytest.importorskip("weasyprint", reason="needs the extra pdf", exc_type=ImportError)

    finish(write_report(a_result(), Annotations(), None, tmp_path / "r.pdf", QUICK))

    content = (tmp_path / "r.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    assert content.rstrip().endswith(b"%%EOF")


def test_without_what_makes_a_pdf_it_is_said_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)

    with pytest.raises(OutputError, match=r"napari-msm-mil\[pdf\]"):
        finish(write_report(a_result(), Annotations(), None, tmp_path / "r.pdf", QUICK))

    assert not list(tmp_path.iterdir())
