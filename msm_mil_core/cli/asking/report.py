"""msm-mil report: results as pages to read, print and send."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from msm_mil_core.cli.inputs import require_only_result
from msm_mil_core.cli.outputs import check_outputs, output_paths
from msm_mil_core.export.report.report_options import ReportOptions


def report(
    results: list[Path],
    /,
    *,
    out_folder: Annotated[Path, Parameter(name="--out")] = Path(),
    overwrite: bool = False,
    pdf: Annotated[bool, Parameter(negative="")] = False,
    options: Annotated[ReportOptions, Parameter(name="*")] = ReportOptions(),
) -> int:
    """Write one self-contained page (HTML) a result: maps, galleries, comparison, faithfulness, questions, verdicts.

    Parameters
    ----------
    results
        Result files (.msm.h5) of `msm-mil run` or of the napari window.
    out_folder
        Folder for the reports.
    overwrite
        Replace files that already exist.
    pdf
        Write PDF instead; needs `pip install 'napari-msm-mil[pdf]'`.
    """
    require_only_result(results)
    paths = output_paths(results, out_folder, ".report.pdf" if pdf else ".report.html")
    check_outputs(paths.values(), overwrite=overwrite)
    from msm_mil_core.cli.work.report import report_results

    return report_results(paths, options)
