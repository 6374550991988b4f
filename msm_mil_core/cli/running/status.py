"""msm-mil status: what became of the slides of a folder so far."""

import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from msm_mil_core.cli.console import print_line, print_message
from msm_mil_core.cli.exit_codes import FAILED, LEFT
from msm_mil_core.cohort.cohort_folder import CohortFolder

EVERY_S = 5.0


def status(
    folder: Path,
    /,
    *,
    watch: Annotated[bool, Parameter(negative="")] = False,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    index: Annotated[bool, Parameter(negative="")] = False,
    parquet: Path | None = None,
) -> int:
    """Show which slides are done, running (who, since when), failed (why) and left.

    The exit code is 0 if all are done, 1 if any failed, 3 if some are left or running.

    Parameters
    ----------
    folder
        The --out folder of `msm-mil run`.
    watch
        Show it again every few seconds until nothing is left or running.
    as_json
        Print one line of JSON.
    index
        Write index.html, the page that lists the slides, anew.
    parquet
        Write a Parquet file with a row a slide; needs `pip install 'napari-msm-mil[tables]'`.
    """
    cohort = CohortFolder(folder)
    cohort.require_plan()
    from msm_mil_core.cli.running.show_status import show_status
    from msm_mil_core.cohort.overview.cohort_status import read_status

    now = read_status(cohort)
    show_status(now, as_json=as_json)
    while watch and (now.running or now.left):
        time.sleep(EVERY_S)
        now = read_status(cohort)
        show_status(now, as_json=as_json)
    tell = print_message if as_json else print_line
    if index:
        from msm_mil_core.cohort.overview.index_page import write_index

        tell(f"wrote {write_index(cohort)}")
    if parquet is not None:
        from msm_mil_core.cohort.overview.slides_parquet import write_parquet

        tell(f"wrote {parquet}: {write_parquet(cohort, parquet)} slides")
    if now.failed:
        return FAILED
    return LEFT if now.running or now.left else 0
