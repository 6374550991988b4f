"""What all stages say of the tile under the mouse."""

from dataclasses import dataclass

from msm_mil_core.output.heatmap import contrast
from msm_mil_core.output.result import SlideResult


@dataclass(frozen=True, slots=True)
class StageReading:
    """One stage's values of one tile."""

    attention: float
    """NaN if the stage was not shown the tile."""
    rank: float
    """Among the tiles shown to the stage, 0 for the lowest and 1 for the highest; NaN if it was not shown."""
    claimed: bool


@dataclass(frozen=True, slots=True)
class TileReading:
    """What all stages say of one tile."""

    xy_px0: tuple[int, int]
    """Top-left corner."""
    stages: tuple[StageReading, ...]


class TileReader:
    """Finds the tile at a place of the slide, and what all stages say of it."""

    def __init__(self, result: SlideResult) -> None:
        self._result = result
        corners_px0 = map(tuple, result.tiles.xy_px0.tolist())
        self._tile_at = {corner: tile for tile, corner in enumerate(corners_px0)}
        self._ranks = [contrast(stage.attention, "rank") for stage in result.prediction.stages]

    def read(self, x_px0: float, y_px0: float) -> TileReading | None:
        """Read the tile that covers a point; None where there is no tile."""
        side_px0 = self._result.tiles.side_px0
        corner = int(x_px0 // side_px0) * side_px0, int(y_px0 // side_px0) * side_px0
        tile = self._tile_at.get(corner)
        if tile is None:
            return None
        stages = self._result.prediction.stages
        return TileReading(
            corner,
            tuple(
                StageReading(float(stage.attention[tile]), float(rank[tile]), bool(stage.claimed[tile]))
                for stage, rank in zip(stages, self._ranks, strict=True)
            ),
        )
