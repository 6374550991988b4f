"""A model beside simpler ones on the same bags, and whether its mask stages earned their keep."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

from msm_mil_core.learning.dataset.bag_dataset import BagDataset
from msm_mil_core.learning.evaluation.bootstrap import Estimate, draw_resamples
from msm_mil_core.learning.evaluation.compare_models import Difference, subtract
from msm_mil_core.learning.evaluation.evaluate import Evaluation, evaluate
from msm_mil_core.learning.evaluation.predictions import Predictions

ONE_STAGE = "gated ABMIL"
"""What a model of several stages is without them."""


@dataclass(frozen=True, slots=True, eq=False)
class BaselineComparison:
    """How a model and its baselines do on the same held-out bags."""

    part: str
    """Which bags: the test part, or, where nothing was held out, the validation part."""
    patients: int
    resamples: int
    """How often the patients were resampled."""
    model: Evaluation
    baselines: tuple[Evaluation, ...]
    differences: tuple[Difference, ...]
    """By how much the model exceeds each baseline, on the same resamples of patients."""

    @property
    def sentence(self) -> str:
        """Whether the stages earned their keep; empty without gated ABMIL among the baselines."""
        paired = zip(self.baselines, self.differences, strict=True)
        found = [(one, its.auc.by) for one, its in paired if one.predictions.title == ONE_STAGE]
        return "" if not found else _sentence(self.model.metrics.auc, found[0][0].metrics.auc, found[0][1])


def compare_with_baselines(
    model: Predictions, baselines: Sequence[Predictions], bags: BagDataset, part: str
) -> BaselineComparison:
    """Evaluate a model and its baselines on bags, all on the same resamples."""
    resamples = draw_resamples(bags.patients)
    return BaselineComparison(
        part=part,
        patients=len(set(bags.patients)),
        resamples=len(resamples),
        model=evaluate(model, resamples),
        baselines=tuple(evaluate(one, resamples) for one in baselines),
        differences=tuple(subtract(model, one, resamples) for one in baselines),
    )


def _sentence(model: Estimate, one_stage: Estimate, difference: Estimate) -> str:
    if isnan(difference.low):
        return "Whether the stages earned their keep cannot be told: on these bags the difference has no interval."
    figures = (
        f"AUC {model.value:.3f} against {one_stage.value:.3f} of {ONE_STAGE} "
        f"(difference {difference.value:+.3f}, {difference.low:+.3f} to {difference.high:+.3f})"
    )
    if difference.low > 0:
        return f"The stages earned their keep here: {figures}."
    if difference.value > 0:
        return f"Whether the stages earned their keep cannot be told from these bags: {figures}."
    return f"The stages did not earn their keep here: {figures}."
