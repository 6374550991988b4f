"""The tiles of a result as typed columns, for tables that programs read."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.export.exchange.facts import plain_names, plain_text
from msm_mil_core.export.tables.measurements import measure_tiles
from msm_mil_core.export.tables.verdicts import tile_verdicts
from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.results.annotations import Annotations
from msm_mil_core.results.slide_result import SlideResult


@dataclass(frozen=True, slots=True, eq=False)
class TileTable:
    """The tiles of a result, a row each, in its order."""

    xy_px0: NDArray[np.int64]
    """(N, 2), top-left corners, x then y."""
    xy_um: NDArray[np.float64] | None
    """(N, 2), the same in micrometres; None where the slide's pixel size is unknown."""
    side_px0: int
    measurements: dict[str, NDArray[np.float32]]
    """Values (N,) by their names, NaN where they are missing."""
    claimed_by: list[str]
    """(N,), the name of the stage that claims the tile; empty where none does."""
    verdicts: list[str] | None
    """(N,), the verdict on that stage, empty where there is none; None if there is no verdict at all."""


def tile_table(result: SlideResult, annotations: Annotations) -> TileTable:
    """Lay out the tiles of a result as columns, with the verdicts on the stages that claim them."""
    xy_px0, mpp, prediction = result.tiles.xy_px0, result.slide.mpp, result.prediction
    measured = measure_tiles(prediction)
    verdicts = tile_verdicts(prediction, annotations) if annotations.verdicts else None
    return TileTable(
        xy_px0=xy_px0,
        xy_um=None if mpp is None else xy_px0 * np.float64(mpp),
        side_px0=result.tiles.side_px0,
        measurements=dict(zip(plain_names(measured), measured.values(), strict=True)),
        claimed_by=_claimed_by(prediction),
        verdicts=None if verdicts is None else [plain_text(verdict) for verdict in verdicts],
    )


def _claimed_by(prediction: Prediction) -> list[str]:
    names = np.array(["", *prediction.map_names])
    none = np.zeros_like(prediction.stages[0].claimed)
    by: list[str] = names[np.stack([none, *(stage.claimed for stage in prediction.stages)]).argmax(axis=0)].tolist()
    return by
