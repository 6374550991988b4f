"""Everything that can be asked of a bag at length: does it matter where stages look, is it stable, what decides."""

from collections.abc import Generator
from dataclasses import dataclass

from msm_mil_core.explain.counterfactual import Counterfactual, SearchOptions, find_flip, find_sufficient
from msm_mil_core.explain.faithfulness import Faithfulness, FaithfulnessOptions, measure_faithfulness
from msm_mil_core.explain.stability import Stability, StabilityOptions, measure_stability
from msm_mil_core.mil.tile_outputs import TileOutputs
from msm_mil_core.options import Options
from msm_mil_core.progress import Progress


class ExamineOptions(Options):
    """How thorough an examination is."""

    faithfulness: FaithfulnessOptions = FaithfulnessOptions()
    """Curves, and random tiles to hold stages against."""
    stability: StabilityOptions = StabilityOptions()
    """Readings with tiles missing."""
    search: SearchOptions = SearchOptions()
    """Searches for the smallest sets."""


@dataclass(frozen=True, slots=True, eq=False)
class Examination:
    """What came out for one bag."""

    faithfulness: Faithfulness
    stability: Stability
    flip: Counterfactual
    sufficient: Counterfactual

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of it in plain words, one sentence a stage first."""
        return (*self.faithfulness.sentences, str(self.flip), str(self.sufficient), str(self.stability))


def examine(tile_outputs: TileOutputs, options: ExamineOptions) -> Generator[Progress, None, Examination]:
    """Ask everything, one after the other."""
    faithfulness = yield from measure_faithfulness(tile_outputs, options.faithfulness)
    stability = yield from measure_stability(tile_outputs, options.stability)
    flip = yield from find_flip(tile_outputs, options.search)
    sufficient = yield from find_sufficient(tile_outputs, options.search)
    return Examination(faithfulness, stability, flip, sufficient)
