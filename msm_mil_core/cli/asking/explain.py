"""msm-mil explain: what each mask stage is for, whether it matters where it attends, and which tiles decide."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from msm_mil_core.cli.inputs import require_only_result
from msm_mil_core.explain.examination_options import ExamineOptions


def explain(
    results: list[Path],
    /,
    *,
    options: Annotated[ExamineOptions, Parameter(name="*")] = ExamineOptions(),
    truth: Path | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Examine results: role, faithfulness and stability of each stage, and small sets of tiles that decide.

    Neither slide nor model is needed: a result stores what the model computed of each tile.

    Parameters
    ----------
    results
        Result files (.msm.h5) of `msm-mil run` or of the napari window.
    truth
        GeoJSON from QuPath with areas whose class is known: how well each map points at them.
    as_json
        Print one line of JSON a result instead of sentences and a table.
    """
    require_only_result(results)
    from msm_mil_core.cli.work.explain import explain_results

    return explain_results(results, options, truth, as_json=as_json)
