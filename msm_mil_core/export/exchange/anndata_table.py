"""The tiles of a result as an AnnData file, for scanpy, squidpy and LazySlide."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.export.exchange.exchange_format import require_extra
from msm_mil_core.export.exchange.facts import result_facts
from msm_mil_core.export.exchange.tile_table import TileTable, tile_table
from msm_mil_core.hdf5.writing import written_hdf5
from msm_mil_core.results.annotations import Annotations
from msm_mil_core.results.slide_result import SlideResult

FACTS = "msm_mil"
"""Where in `uns` the facts of the result stand, as JSON: names of classes may hold what keys may not."""


def write_anndata(result: SlideResult, path: Path, annotations: Annotations | None = None) -> None:
    """Write one observation per tile; variables are its measurements as in `write_csv`, float32, NaN where missing.

    `obs` holds the corner of each tile on level 0, the stage that claims it and the verdict on that stage;
    `obsm["spatial"]` its centre in level-0 pixels, x then y; `uns["msm_mil"]` what the result is of, as JSON.

    Raises
    ------
    OutputError
        If anndata is not installed, or the file cannot be written.
    """
    require_extra("h5ad")
    from anndata.io import write_elem

    table = as_anndata(result, annotations or Annotations())
    with whole_file(path) as part, written_hdf5(part) as file:
        write_elem(file, "/", table, dataset_kwargs={"compression": "gzip"})


def as_anndata(result: SlideResult, annotations: Annotations) -> Any:
    """Return the table of `write_anndata`; anndata must be installed."""
    import pandas as pd
    from anndata import AnnData

    table = tile_table(result, annotations)
    return AnnData(
        X=np.stack(list(table.measurements.values()), axis=1),
        obs=_observations(table),
        var=pd.DataFrame(index=list(table.measurements)),
        obsm={"spatial": table.xy_px0 + table.side_px0 / 2},
        uns={FACTS: json.dumps(result_facts(result), ensure_ascii=False)},
    )


def _observations(table: TileTable) -> Any:
    import pandas as pd

    names = [str(tile) for tile in range(len(table.xy_px0))]
    columns = {"x_px0": table.xy_px0[:, 0], "y_px0": table.xy_px0[:, 1], "claimed_by": _category(table.claimed_by)}
    if table.verdicts is not None:
        columns["verdict"] = _category(table.verdicts)
    return pd.DataFrame(columns, index=names)


def _category(words: list[str]) -> Any:
    import pandas as pd

    return pd.Categorical([word or None for word in words])
