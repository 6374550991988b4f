"""The table of what was run: a line whenever a slide ends, and a record of each that can be read back."""

import logging
import os
import socket
from dataclasses import replace
from datetime import datetime

from msm_mil_core.cohort.claims import Claim
from msm_mil_core.cohort.job_end import JobEnd
from msm_mil_core.cohort.slide_record import write_record
from msm_mil_core.csv_table import append_row
from msm_mil_core.errors import OutputError

COLUMNS = (
    *("at", "slide", "state", "prediction", "probability", "tiles", "seconds", "why", "result", "host", "process"),
)

logger = logging.getLogger(__name__)


def record_end(end: JobEnd, claim: Claim) -> JobEnd:
    """Record how a slide ended, and return it; where that cannot be written, warn: the result is there all the same.

    Nothing is recorded by a process from which another one took the slide over: it counts as held by that one.
    """
    failed, answer = end.state == "failed", end.answer
    if not claim.is_held():
        return replace(end, state="held") if failed else end
    try:
        write_record(end.job, "failed" if failed else "finished", why=end.why, seconds=end.seconds, answer=answer)
        if end.job.settings.listed:
            append_row(end.job.folder.table, COLUMNS, _row(end))
    except OutputError as exc:
        logger.warning("What came of %s is not recorded: %s", end.job.entry.slide, exc)
    return end


def _row(end: JobEnd) -> tuple[object, ...]:
    answer = end.answer
    return (
        datetime.now().astimezone().isoformat(timespec="seconds"),
        str(end.job.entry.slide),
        end.state,
        answer.prediction if answer else None,
        f"{answer.probability:.4f}" if answer else None,
        answer.tiles if answer else None,
        f"{end.seconds:.1f}",
        end.why or None,
        end.job.target.name if answer else None,
        socket.gethostname(),
        os.getpid(),
    )
