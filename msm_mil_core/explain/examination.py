"""All long questions about a bag: does it matter where stages attend, is it stable, which tiles decide."""

from collections.abc import Generator
from dataclasses import dataclass

from msm_mil_core.explain.counterfactual import Counterfactual, find_flip, find_sufficient
from msm_mil_core.explain.examination_options import ExamineOptions
from msm_mil_core.explain.faithfulness import Faithfulness, measure_faithfulness
from msm_mil_core.explain.stability import Stability, measure_stability
from msm_mil_core.mil.tile_outputs import TileOutputs
from msm_mil_core.progress import Progress


@dataclass(frozen=True, slots=True, eq=False)
class Examination:
    """The findings for one bag."""

    faithfulness: Faithfulness
    stability: Stability
    flip: Counterfactual
    sufficient: Counterfactual

    @property
    def sentences(self) -> tuple[str, ...]:
        """All findings in plain words, one sentence a stage first."""
        return (*self.faithfulness.sentences, str(self.flip), str(self.sufficient), str(self.stability))


def examine(tile_outputs: TileOutputs, options: ExamineOptions) -> Generator[Progress, None, Examination]:
    """Measure faithfulness and stability, and search for small sets of tiles that decide.

    Parameters
    ----------
    tile_outputs
        What the model computed of the N tiles: ``result.require_tile_outputs()``. Neither slide nor model is needed.
    options
        Shares of tiles, random orders, runs and the budget of the searches.

    Returns
    -------
    Examination
        Deletion and insertion curves (Petsiuk et al., RISE, 2018) beside random orders, necessity and sufficiency of
        each stage, stability when tiles are missing, and both small sets found by greedy search.
    """
    faithfulness = yield from measure_faithfulness(tile_outputs, options.faithfulness)
    stability = yield from measure_stability(tile_outputs, options.stability)
    flip = yield from find_flip(tile_outputs, options.search)
    sufficient = yield from find_sufficient(tile_outputs, options.search)
    return Examination(faithfulness, stability, flip, sufficient)
