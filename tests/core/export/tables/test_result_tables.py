import csv
import dataclasses

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from msm_mil_core.csv_table import as_text
from msm_mil_core.explain.evidence import evidence_sum
from msm_mil_core.export.tables.result_tables import class_rows, stage_rows, write_csv
from msm_mil_core.export.tables.verdicts import write_verdicts_csv
from msm_mil_core.results.annotations import Annotations, Verdict
from tests.results import a_prediction, a_result, block_of_tiles, slide_facts


def test_a_row_tells_where_a_tile_lies_and_all_its_measurements(tmp_path):
    result = a_result(block_of_tiles(6, 5), prediction=a_prediction(30, S=2, C=2))

    write_csv(result, tmp_path / "drawn.csv")

    rows = rows_of(tmp_path / "drawn.csv")
    assert len(rows) == 30
    assert list(rows[0])[:5] == ["x_px0", "y_px0", "x_um", "y_um", "Stage 1 attention"]
    assert list(rows[0])[-3:] == ["Winner stage", "Evidence class 0", "Evidence class 1"]
    assert (rows[7]["x_px0"], rows[7]["y_px0"], rows[7]["x_um"], rows[7]["y_um"]) == ("100", "100", "49.900", "49.900")
    for number, stage in enumerate(result.prediction.stages, 1):
        column = [float(row[f"Stage {number} attention"]) for row in rows]
        np.testing.assert_allclose(column, stage.attention, rtol=1e-6)
        assert [row[f"Stage {number} claimed"] == "1" for row in rows] == stage.claimed.tolist()


def test_the_winner_is_the_stage_that_looked_most(tmp_path):
    result = a_result(prediction=a_prediction(30, S=3, masks=True))

    write_csv(result, tmp_path / "drawn.csv")

    winners = [int(row["Winner stage"]) - 1 for row in rows_of(tmp_path / "drawn.csv")]
    attention = np.stack([stage.attention for stage in result.prediction.stages])
    assert winners == np.nanargmax(attention, axis=0).tolist()


def test_what_is_missing_is_an_empty_cell(tmp_path):
    result = a_result(slide=slide_facts(mpp=None), prediction=a_prediction(30, S=2, masks=True))

    write_csv(result, tmp_path / "drawn.csv")

    rows = rows_of(tmp_path / "drawn.csv")
    assert {row["x_um"] for row in rows} == {""}
    hidden = np.isnan(result.prediction.stages[1].attention)
    assert [row["Stage 2 attention"] == "" for row in rows] == hidden.tolist()
    assert [row["Stage 2 rank"] == "" for row in rows] == hidden.tolist()


def test_class_names_with_commas_and_quotes_stay_in_their_column(tmp_path):
    prediction = dataclasses.replace(a_prediction(30), classes=('a, "b"', "c"))

    write_csv(a_result(prediction=prediction), tmp_path / "drawn.csv")

    assert 'Evidence a, "b"' in rows_of(tmp_path / "drawn.csv")[0]


def test_evidence_in_the_table_adds_up_to_the_log_odds(tmp_path):
    result = a_result(prediction=a_prediction(30, C=3))

    write_csv(result, tmp_path / "drawn.csv")

    rows = rows_of(tmp_path / "drawn.csv")
    sums = [evidence_sum(result.prediction, c) for c in range(3)]
    total = [sum(float(row[f"Evidence class {c}"]) for row in rows) + sums[c].bias for c in range(3)]
    np.testing.assert_allclose(total, [each.log_odds for each in sums], atol=1e-5)


@given(label=st.text(max_size=80), note=st.text(max_size=80))
@example(label='a,"b"\n😀', note="left\rright\n" * 1000)
def test_whatever_is_noted_stays_in_its_row_and_column(tmp_path_factory, label, note):
    folder, result = tmp_path_factory.mktemp("tables"), a_result()
    said = Annotations().with_verdict(Verdict(stage=1, label=label, note=note, at="2026-11-24T10:00:00+01:00"))

    write_csv(result, folder / "tiles.csv", said)
    write_verdicts_csv(result, said, folder / "verdicts.csv")

    stages = rows_of(folder / "verdicts.csv")
    assert len(rows_of(folder / "tiles.csv")) == 30
    assert [row["stage"] for row in stages] == ["1", "2", "3"]
    assert (as_text(stages[1]["label"]), as_text(stages[1]["note"])) == (label, note)


def test_class_rows_name_one_winner_which_comes_first():
    prediction = a_prediction(30, C=3)

    rows = class_rows(prediction)

    assert {row.name for row in rows} == set(prediction.classes)
    assert [row.probability for row in rows] == sorted(prediction.probabilities.tolist(), reverse=True)
    assert sum(row.probability for row in rows) == pytest.approx(1)
    assert [row.name for row in rows if row.winner] == [prediction.winner]


def test_stage_rows_tell_what_each_stage_did():
    rows = stage_rows(a_prediction(30, S=3, K=4, masks=True))

    assert [row.name for row in rows] == ["Stage 1", "Stage 2", "Stage 3"]
    assert [row.shown for row in rows] == [30, 26, 22]
    assert [row.claimed for row in rows] == [4, 4, 4]
    assert sum(row.beta for row in rows) == pytest.approx(1)
    assert all(1 <= row.effective_tiles <= row.shown for row in rows)


def test_a_stage_that_was_shown_nothing_looked_at_no_tile():
    prediction = a_prediction(30, S=1)
    blind = dataclasses.replace(prediction.stages[0], attention=np.full(30, np.nan, np.float32))

    (row,) = stage_rows(dataclasses.replace(prediction, stages=(blind,)))

    assert (row.shown, row.effective_tiles) == (0, 0)


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
