"""What is measured of a pair of stages, and how it is written beside chance."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite

from msm_mil_core.explain.stage_comparison import Range, StagePair

UNKNOWN = "–"
Figures = tuple[float, float | None, Range]
"""A figure, its mean by chance (None where that is always 0), and the range of 95 % of what chance gives."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of how much two stages differ."""

    name: str
    help_text: str
    figures: Callable[[StagePair], Figures]
    form: str

    def short(self, pair: StagePair) -> str:
        """Write the figure alone."""
        figure, _, _ = self.figures(pair)
        return f"{figure:{self.form}}" if isfinite(figure) else UNKNOWN

    def beside_chance(self, pair: StagePair) -> str:
        """Write the figure, and in brackets its mean by chance."""
        figure, by_chance, _ = self.figures(pair)
        known = isfinite(figure) and by_chance is not None
        return f"{self.short(pair)} ({by_chance:{self.form}})" if known else self.short(pair)

    def in_words(self, pair: StagePair) -> str:
        """Say what the figure is, and what chance gives; empty where it is unknown."""
        figure, _, (low, high) = self.figures(pair)
        if not isfinite(figure):
            return ""
        form = self.form
        return f"{self.name} {figure:{form}}; 95 % of the values by chance lie from {low:{form}} to {high:{form}}"

    def beyond_chance(self, pair: StagePair) -> bool:
        """Return whether the figure lies outside the range of chance."""
        figure, _, (low, high) = self.figures(pair)
        return isfinite(figure) and not low <= figure <= high


def measures_of(pairs: Sequence[StagePair]) -> tuple[Measure, ...]:
    """Return the measures; the distance in micrometres, or in pixels where those are unknown."""
    in_um = all(isfinite(pair.mpp) for pair in pairs)
    return (OVERLAP, ORDER, DISTANCE_UM if in_um else DISTANCE_PX0)


OVERLAP = Measure(
    "Overlap",
    "Top tiles that both share, as a fraction of the top tiles of either (Jaccard index); 0 to 1",
    lambda pair: (pair.overlap, pair.overlap_by_chance, pair.overlap_chance_range),
    "z.2f",
)
ORDER = Measure(
    "Order",
    "Whether both rank the tiles alike: 1 same order, 0 unrelated, -1 opposite order (Spearman's rank correlation)",
    lambda pair: (pair.rank_correlation, None, pair.rank_correlation_chance_range),
    "+z.2f",
)
_DISTANCE = "How far the top tiles of one must be moved, on average, to coincide with those of the other"
DISTANCE_UM = Measure(
    "µm apart",
    _DISTANCE,
    lambda pair: (pair.distance_um, pair.distance_um_by_chance, pair.distance_um_chance_range),
    "z,.0f",
)
DISTANCE_PX0 = Measure(
    "Pixels apart",
    _DISTANCE,
    lambda pair: (pair.distance_px0, pair.distance_px0_by_chance, pair.distance_px0_chance_range),
    "z,.0f",
)
