"""The tiles of a result as a Parquet file, for pandas, polars, R and DuckDB."""

import json
from pathlib import Path
from typing import Any

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.export.exchange.exchange_format import require_extra
from msm_mil_core.export.exchange.facts import result_facts
from msm_mil_core.export.exchange.tile_table import TileTable, tile_table
from msm_mil_core.results.annotations import Annotations
from msm_mil_core.results.slide_result import SlideResult

METADATA = b"msm_mil"
"""The key of the file's metadata under which the facts of the result stand, as JSON."""


def write_tile_parquet(result: SlideResult, path: Path, annotations: Annotations | None = None) -> None:
    """Write one row per tile: its corner in level-0 pixels and micrometres, and its measurements as in `write_csv`.

    Values are float32 as they were computed, null where they are missing. What the result is of stands in the file's
    metadata under `METADATA`.

    Raises
    ------
    OutputError
        If pyarrow is not installed, or the file cannot be written.
    """
    require_extra("parquet")
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.table(_columns(tile_table(result, annotations or Annotations())))
    table = table.replace_schema_metadata({METADATA: json.dumps(result_facts(result), ensure_ascii=False)})
    with whole_file(path) as part:
        parquet.write_table(table, part, compression="zstd")


def _columns(table: TileTable) -> dict[str, Any]:
    import pyarrow as pa

    x_px0, y_px0 = table.xy_px0.T
    columns: dict[str, Any] = {"x_px0": pa.array(x_px0), "y_px0": pa.array(y_px0)}
    if table.xy_um is not None:
        columns |= {"x_um": pa.array(table.xy_um[:, 0]), "y_um": pa.array(table.xy_um[:, 1])}
    columns |= {name: pa.array(values, from_pandas=True) for name, values in table.measurements.items()}
    columns["Claimed by"] = _words(table.claimed_by)
    if table.verdicts is not None:
        columns["Verdict"] = _words(table.verdicts)
    return columns


def _words(words: list[str]) -> Any:
    import pyarrow as pa

    return pa.array([word or None for word in words], pa.string()).dictionary_encode()
