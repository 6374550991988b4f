"""msm-mil status: what became of the slides of a folder so far."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from msm_mil_core.cli.console import out, print_line, printable
from msm_mil_core.cohort.cohort_folder import CohortFolder

if TYPE_CHECKING:  # they import what a wrong option need not wait for
    from msm_mil_core.cohort.cohort_status import CohortStatus

EVERY_S = 5.0
FAILED, LEFT = 1, 3


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
    from msm_mil_core.cohort.cohort_status import read_status

    now = read_status(cohort)
    _show(now, as_json=as_json)
    while watch and (now.running or now.left):
        time.sleep(EVERY_S)
        now = read_status(cohort)
        _show(now, as_json=as_json)
    if index:
        from msm_mil_core.cohort.index_page import write_index

        print_line(f"wrote {write_index(cohort)}")
    if parquet is not None:
        from msm_mil_core.cohort.slides_parquet import write_parquet

        print_line(f"wrote {parquet}: {write_parquet(cohort, parquet)} slides")
    if now.failed:
        return FAILED
    return LEFT if now.running or now.left else 0


def _show(now: "CohortStatus", *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(_record(now)), flush=True)
        return
    from rich.table import Table

    print_line(
        f"{now.total} slides: {len(now.finished)} done, {len(now.running)} running, {len(now.failed)} failed, "
        f"{len(now.left)} left"
    )
    if now.running:
        table = Table("running", "by", title_justify="left")
        for job, holder in now.running.items():
            table.add_row(printable(job.entry.slide.name), printable(str(holder)))
        out.print(table)
    if now.failed:
        table = Table("failed", "why", title_justify="left", style="red")
        for record in now.failed:
            table.add_row(printable(record.job.entry.slide.name), printable(record.why))
        out.print(table)
        print_line("msm-mil retry runs the failed ones again.")


def _record(now: "CohortStatus") -> dict[str, object]:
    return {
        "slides": now.total,
        "done": len(now.finished),
        "running": {str(job.entry.slide): str(holder) for job, holder in now.running.items()},
        "failed": {str(record.job.entry.slide): record.why for record in now.failed},
        "left": len(now.left),
    }
