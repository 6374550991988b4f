"""What became of the slides of a folder, as it is seen on the command line."""

import json

from rich.table import Table

from msm_mil_core.cli.console import out, print_line, printable
from msm_mil_core.cohort.overview.cohort_status import CohortStatus


def show_status(now: CohortStatus, *, as_json: bool) -> None:
    """Print how many slides are in which state, and who works on which, or why they failed."""
    if as_json:
        print(json.dumps(_record(now)), flush=True)
        return
    slides = "1 slide" if now.total == 1 else f"{now.total} slides"
    print_line(
        f"{slides}: {len(now.finished)} done, {len(now.running)} running, {len(now.failed)} failed, "
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


def _record(now: CohortStatus) -> dict[str, object]:
    return {
        "slides": now.total,
        "done": len(now.finished),
        "running": {str(job.entry.slide): str(holder) for job, holder in now.running.items()},
        "failed": {str(record.job.entry.slide): record.why for record in now.failed},
        "left": len(now.left),
    }
