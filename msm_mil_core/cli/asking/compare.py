"""msm-mil compare: how far the mask stages of results attend to different tissue."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from msm_mil_core.cli.inputs import require_only_result
from msm_mil_core.cli.outputs import check_outputs
from msm_mil_core.errors import OutputError
from msm_mil_core.explain.comparison_options import CompareOptions


def compare(
    results: list[Path],
    /,
    *,
    options: Annotated[CompareOptions, Parameter(name="*")] = CompareOptions(),
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    csv_file: Annotated[Path | None, Parameter(name="--csv")] = None,
    overwrite: bool = False,
) -> int:
    """Compare the mask stages of results: overlap, rank correlation, distance, each beside chance; coverage; roles.

    Parameters
    ----------
    results
        Result files (.msm.h5) of `msm-mil run` or of the napari window.
    as_json
        Print one line of JSON a result instead of tables.
    csv_file
        Write the figures of a single result as CSV.
    overwrite
        Replace a CSV file that already exists.
    """
    require_only_result(results)
    if csv_file is not None:
        _check_target(csv_file, results, overwrite=overwrite)
    from msm_mil_core.cli.work.compare import compare_results

    return compare_results(results, options, csv_file, as_json=as_json)


def _check_target(path: Path, results: list[Path], *, overwrite: bool) -> None:
    if len(results) > 1:
        raise OutputError(f"{path} holds the figures of one result; give --csv with one, or use --json for several.")
    check_outputs([path], overwrite=overwrite, instead="another name for --csv")
