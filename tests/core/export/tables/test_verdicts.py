"""What a pathologist says of the stages goes along into tables and to QuPath."""

import csv
import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.cli.app import call
from msm_mil_core.export.qupath.export import write_geojson
from msm_mil_core.export.tables.result_tables import write_csv
from msm_mil_core.export.tables.verdicts import LONGEST, short_label, write_verdicts_csv
from msm_mil_core.results.annotations import Annotations, Verdict, save_annotations
from msm_mil_core.results.result_file import save_result
from tests.results import a_result

WHEN = "2026-11-24T10:00:00+01:00"
SAID = Annotations().with_verdict(Verdict(stage=1, label="tumour", note='left, "solid"', at=WHEN))


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_tile_has_the_verdict_on_the_stage_that_claims_it(tmp_path):
    result = a_result()

    write_csv(result, tmp_path / "tiles.csv", SAID)

    told = np.array([row["Verdict"] for row in rows(tmp_path / "tiles.csv")])
    assert set(told[result.prediction.stages[1].claimed]) == {"tumour"}
    assert set(told[~result.prediction.stages[1].claimed]) == {""}


def test_without_verdicts_a_table_has_no_column_for_them(tmp_path):
    write_csv(a_result(), tmp_path / "tiles.csv", Annotations())

    assert "Verdict" not in rows(tmp_path / "tiles.csv")[0]


def test_every_stage_has_a_row_with_what_was_said(tmp_path):
    write_verdicts_csv(a_result(), SAID, tmp_path / "verdicts.csv")

    first, second, _ = rows(tmp_path / "verdicts.csv")
    assert (first["label"], second["label"], second["note"], second["at"]) == ("", "tumour", 'left, "solid"', WHEN)
    assert second["claimed_tiles"] == "4"


def test_qupath_shows_the_verdict_in_the_names_of_top_tiles(tmp_path):
    path = write_geojson(a_result(), tmp_path / "out.geojson", annotations=SAID)

    features = json.loads(path.read_text())["features"]
    names = [feature["properties"].get("name", "") for feature in features]
    assert "Stage 2 top 1 · tumour" in names
    assert "Stage 1 top 1" in names
    noted = [feature["properties"].get("metadata", {}).get("verdicts") for feature in features]
    kinds = [feature["properties"]["objectType"] for feature in features]
    assert [kind == "annotation" for kind in kinds] == [note == "Stage 2: tumour" for note in noted]


def test_verdicts_change_no_id(tmp_path):
    before, after = (
        [
            feature["id"]
            for feature in json.loads(write_geojson(a_result(), path, annotations=said).read_text())["features"]
        ]
        for path, said in ((tmp_path / "a.geojson", Annotations()), (tmp_path / "b.geojson", SAID))
    )

    assert before == after


@given(label=st.text(min_size=1, max_size=300))
def test_any_label_makes_a_file_that_qupath_reads(tmp_path_factory, label):
    said = Annotations().with_verdict(Verdict(stage=0, label=label, at=WHEN))

    path = write_geojson(a_result(), tmp_path_factory.mktemp("out") / "out.geojson", annotations=said)

    names = [feature["properties"].get("name", "") for feature in json.loads(path.read_text())["features"]]
    short = short_label(said, 0)
    assert len(short) <= LONGEST
    assert (f"Stage 1 top 1 · {short}" if short else "Stage 1 top 1") in names


def test_the_command_writes_verdicts_beside_the_tiles(tmp_path):
    save_result(a_result(), tmp_path / "drawn.msm.h5")
    save_annotations(SAID, tmp_path / "drawn.msm.h5")

    code = call(["export", str(tmp_path / "drawn.msm.h5"), "--to", "csv", "--out", str(tmp_path)])

    assert code == 0
    assert rows(tmp_path / "drawn.verdicts.csv")[1]["label"] == "tumour"
    assert "Verdict" in rows(tmp_path / "drawn.csv")[0]
