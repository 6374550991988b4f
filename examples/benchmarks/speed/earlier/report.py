"""How a report was made before: its slow steps as they were, in today's page."""

from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest.mock import patch

from examples.benchmarks.speed.earlier import aggregation, comparison, ranks, search
from msm_mil_core.explain.comparison_options import CompareOptions
from msm_mil_core.explain.stage_comparison import StageComparison
from msm_mil_core.export.report.report import ReportOptions, write_report
from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.progress import Progress, finish
from msm_mil_core.results.annotations import Annotations
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.tiling.tiles import TileGrid

EXPLAIN = "msm_mil_core.explain."
EARLIER = {
    EXPLAIN + "faithfulness.aggregate": aggregation.aggregate,
    EXPLAIN + "faithfulness.aggregate_probabilities": aggregation.aggregate_probabilities,
    EXPLAIN + "stability.aggregate": aggregation.aggregate,
    EXPLAIN + "stability.ranks": ranks.ranks,
    EXPLAIN + "stability.rank_correlation": ranks.rank_correlation,
    EXPLAIN + "examination.find_flip": search.find_flip,
    EXPLAIN + "examination.find_sufficient": search.find_sufficient,
}
"""By the name that stands for it now."""


def write(result: SlideResult, compared: StageComparison, path: Path, options: ReportOptions) -> Path:
    """Write a report; what is shown of the comparison, which this computes as it was, is `compared`."""

    def compare_stages(
        prediction: Prediction, tiles: TileGrid, _: float | None, chosen: CompareOptions
    ) -> Generator[Progress, None, StageComparison]:
        yield Progress("Comparing stages", 0, 1)
        comparison.compare(prediction, tiles, chosen)
        return compared

    with _earlier({"msm_mil_core.export.report.report.compare_stages": compare_stages, **EARLIER}):
        return finish(write_report(result, Annotations(), None, path, options))


@contextmanager
def _earlier(steps: dict[str, object]) -> Iterator[None]:
    with ExitStack() as stack:
        for name, step in steps.items():
            stack.enter_context(patch(name, step))
        yield
