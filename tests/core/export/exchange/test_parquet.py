"""Tables of tiles as pandas reads them."""

import json

import numpy as np
import pytest
from hypothesis import given, settings

from msm_mil_core.export.exchange.parquet import METADATA, write_tile_parquet
from msm_mil_core.export.tables.measurements import measure_tiles
from msm_mil_core.results.annotations import Annotations, Verdict
from tests.core.export.exchange.results import results_on_slides, same
from tests.results import a_prediction, a_result, slide_facts

parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra: tables")


@settings(max_examples=30)
@given(result=results_on_slides())
def test_pandas_reads_the_values_as_they_were_computed(tmp_path_factory, result):
    pandas = pytest.importorskip("pandas")
    path = tmp_path_factory.mktemp("parquet") / "drawn.parquet"

    write_tile_parquet(result, path)

    frame = pandas.read_parquet(path)
    assert np.array_equal(frame[["x_px0", "y_px0"]], result.tiles.xy_px0)
    assert np.array_equal(frame[["x_um", "y_um"]], result.tiles.xy_px0 * result.slide.mpp)
    assert all(same(frame[name], values) for name, values in measure_tiles(result.prediction).items())
    for number, stage in enumerate(result.prediction.stages, start=1):
        assert np.array_equal(frame["Claimed by"] == f"Stage {number}", stage.claimed)


def test_what_is_missing_is_null_and_what_it_is_of_stands_in_the_file(tmp_path):
    result = a_result(slide=slide_facts(mpp=None), prediction=a_prediction(30, S=2, masks=True))

    write_tile_parquet(result, tmp_path / "drawn.parquet")

    table = parquet.read_table(tmp_path / "drawn.parquet")
    hidden = int(np.isnan(result.prediction.stages[1].attention).sum())
    assert table["Stage 2 attention"].null_count == hidden > 0
    assert not {"x_um", "y_um", "Verdict"} & set(table.column_names)
    facts = json.loads(table.schema.metadata[METADATA])
    assert (facts["slide"], facts["tile_side_px0"], facts["answer"]) == ("drawn.svs", "100", result.prediction.winner)
    assert "mpp" not in facts


def test_verdicts_have_a_column(tmp_path):
    said = Annotations().with_verdict(Verdict(stage=0, label="tumour 病", at=""))
    result = a_result()

    write_tile_parquet(result, tmp_path / "drawn.parquet", said)

    verdicts = parquet.read_table(tmp_path / "drawn.parquet")["Verdict"].to_pylist()
    claimed = result.prediction.stages[0].claimed
    assert [verdict == "tumour 病" for verdict in verdicts] == claimed.tolist()
    assert set(verdicts) == {None, "tumour 病"}
