"""msm-mil retry: what failed is run again, as it was wanted."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from msm_mil_core.cli.console import print_message
from msm_mil_core.cluster.cluster_options import ClusterOptions
from msm_mil_core.cohort.cohort_folder import CohortFolder
from msm_mil_core.cohort.run_choices import RunChoices


def retry(
    folder: Path,
    /,
    *,
    left: Annotated[bool, Parameter(negative="")] = False,
    choices: Annotated[RunChoices, Parameter(name="*")] = RunChoices(),
    cluster: Annotated[ClusterOptions, Parameter(name="*")] = ClusterOptions(),
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Run the slides of a folder that failed again, with the model and the options of their run.

    Parameters
    ----------
    folder
        The --out folder of `msm-mil run`.
    left
        Run those as well that were never finished.
    as_json
        Print one line of JSON a slide instead of tables.
    """
    cohort = CohortFolder(folder)
    cohort.require_plan()
    from msm_mil_core.cli.running.show_run import show_again
    from msm_mil_core.cohort.overview.cohort_status import read_status

    now = read_status(cohort)
    if now.left and not (now.failed or left):
        print_message(f"None has failed. Not finished: {len(now.left)} of {now.total} slides; --left runs them.")
    failed = [record.job.replace(target=folder / record.job.target.name) for record in now.failed]
    return show_again([*failed, *(now.left if left else ())], choices, cluster, as_json=as_json)
