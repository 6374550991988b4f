"""Maps that are the classes' own are named by their classes in everything that is exported, printed and read back."""

import csv
import json
from html import unescape

import numpy as np
import pytest

from msm_mil_core.cli.app import call
from msm_mil_core.display.tile_map import (
    agreement_map,
    difference_map,
    evidence_map,
    spread_map,
    whatif_map,
    winner_map,
)
from msm_mil_core.explain.comparison_options import CompareOptions
from msm_mil_core.explain.examination import examine
from msm_mil_core.explain.examination_options import ExamineOptions
from msm_mil_core.explain.selections.selection import ClaimedTiles, TopTiles
from msm_mil_core.explain.stage_comparison import compare_stages
from msm_mil_core.explain.what_if import Question, Step, ask
from msm_mil_core.export.figures.comparison import findings
from msm_mil_core.export.figures.result_figure import write_figure
from msm_mil_core.export.qupath.export import write_geojson
from msm_mil_core.export.report.report import write_report
from msm_mil_core.export.report.report_options import ReportOptions
from msm_mil_core.export.tables.result_tables import write_csv
from msm_mil_core.progress import finish
from msm_mil_core.results.annotations import Annotations, Verdict
from msm_mil_core.results.result_file import load_result, save_result
from tests.class_maps import CLASSES, STAGES, a_class_map_result

NAMES = tuple(f"Map of {name}" for name in CLASSES)
QUICK = ExamineOptions.model_validate({"faithfulness": {"points": 3, "draws": 2}, "stability": {"runs": 2}})


@pytest.fixture
def saved(tmp_path):
    save_result(a_class_map_result(), tmp_path / "drawn.msm.h5")
    return tmp_path / "drawn.msm.h5"


def assert_named(text: str, *names: str) -> None:
    assert not STAGES.search(text), STAGES.search(text)
    for name in names:
        assert name in text


def test_a_file_keeps_whose_the_maps_are(saved):
    result, again = a_class_map_result(), load_result(saved)

    assert again.prediction.map_names == NAMES
    assert again.model.maps == "classes"
    np.testing.assert_array_equal(again.prediction.logits, result.prediction.logits)
    np.testing.assert_allclose(sum(stage.beta for stage in again.prediction.stages), 1)
    for stage, was in zip(again.prediction.stages, result.prediction.stages, strict=True):
        np.testing.assert_array_equal(stage.evidence, was.evidence)


def test_tables_and_qupath_name_the_classes(tmp_path):
    result = a_class_map_result()
    write_csv(result, tmp_path / "a.csv")
    notes = Annotations(verdicts=(Verdict(stage=1, label="gland", at="2026-11-22T10:00:00+01:00"),))
    path = write_geojson(result, tmp_path / "a.geojson", annotations=notes)

    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file))
    assert_named("\n".join(columns), *(f"{name} attention" for name in NAMES), "Winner map")
    text = path.read_text()
    assert_named(text, *NAMES, "Map of LUAD top 1")
    classes = {feature["properties"].get("classification", {}).get("name") for feature in json.loads(text)["features"]}
    assert classes - {None} == set(NAMES)


def test_maps_say_whose_they_are():
    result = a_class_map_result()
    prediction, answer = (
        result.prediction,
        ask(
            result.tile_outputs,
            result.tiles,
            result.prediction,
            Question(steps=(Step(verb="remove", selection=ClaimedTiles(stage=1)),)),
        ),
    )
    maps = [
        *(evidence_map(prediction, 1, stage) for stage in (None, 1)),
        agreement_map(prediction, 5),
        winner_map(prediction),
        difference_map(prediction, 0, 2),
        spread_map(1, prediction.stages[1].attention, 4, prediction.map_classes),
        whatif_map(answer.after, 2),
    ]

    text = "\n".join(part for shown in maps for part in (shown.title, shown.legend))
    assert_named(text, "map of LUAD", "normal minus LUSC rank", "Map that attends most")
    assert_named(str(answer), "Without the tiles that the map of LUAD claims")
    assert_named(Step(verb="keep", selection=TopTiles(stage=2, percent=5)).described(CLASSES), "map of LUSC")


def test_the_report_and_the_figure_name_the_classes(tmp_path):
    result = a_class_map_result()
    page = finish(write_report(result, Annotations(), None, tmp_path / "a.html", ReportOptions(examine=False)))
    write_figure(result, None, tmp_path / "a.png")

    assert_named(unescape(page.read_text()), *NAMES, "What each map is for", "answered by it alone")


def test_findings_name_the_classes():
    result = a_class_map_result()
    comparison = finish(compare_stages(result.prediction, result.tiles, 0.5, CompareOptions(draws=3)))
    found = finish(examine(result.tile_outputs, QUICK))

    assert_named("\n".join((*findings(comparison), *found.sentences, found.faithfulness.areas_summary)), "ap of LUAD")


@pytest.mark.parametrize(
    "command",
    [
        ["compare", "--draws", "2"],
        ["explain", "--faithfulness.points", "3", "--faithfulness.draws", "2", "--stability.runs", "2"],
        ["whatif", "--remove", "stage2"],
    ],
)
def test_commands_name_the_classes(saved, capsys, command):
    code = call([command[0], str(saved), *command[1:]])

    assert code == 0
    assert_named(capsys.readouterr().out, "LUAD")
