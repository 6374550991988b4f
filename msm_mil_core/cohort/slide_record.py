"""The record of how a slide ended, beside its result: small, and read instead of the result where nothing changed."""

import hashlib
import json
import os
import socket
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from pydantic import Field, ValidationError

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.cohort.cohort_folder import CohortFolder
from msm_mil_core.cohort.differences import choices
from msm_mil_core.cohort.features.features_hash import features_sha256
from msm_mil_core.cohort.slide_answer import SlideAnswer
from msm_mil_core.cohort.slide_job import SlideJob
from msm_mil_core.options import Options

State = Literal["finished", "failed"]


class SlideRecord(Options):
    """How the last attempt at a slide ended."""

    job: SlideJob
    state: State
    why: str = ""
    """Why it failed."""
    seconds: float = Field(default=0.0, ge=0)
    """How long it took."""
    answer: SlideAnswer | None = None
    """Of a finished slide."""
    recipe: str = ""
    """A hash of everything that was chosen and can change the numbers."""
    slide_stamp: str = ""
    """What changes when the slide's file does."""
    result_stamp: str = ""
    """What changes when the result's file does."""
    at: str = ""
    """When it ended: ISO 8601, by the clock of the machine that did it."""
    host: str = ""
    pid: int = 0
    number: str = ""
    """Tells two attempts apart."""


def write_record(job: SlideJob, state: State, *, why: str = "", seconds: float = 0, answer: SlideAnswer | None) -> None:
    """Write how a slide ended; the file is whole or absent, but after a loss of power, when the result itself tells.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    record = SlideRecord(
        job=job,
        state=state,
        why=why,
        seconds=round(seconds, 3),
        answer=answer,
        recipe=recipe_of(job, answer.encoder_sha256) if answer else "",
        slide_stamp=stamp_of(job.entry.slide),
        result_stamp=stamp_of(job.target) if answer else "",
        at=datetime.now().astimezone().isoformat(timespec="seconds"),
        host=socket.gethostname(),
        pid=os.getpid(),
        number=uuid4().hex,
    )
    with whole_file(job.folder.record(job.key), durable=False) as part:
        part.write_text(record.model_dump_json(exclude_defaults=True), encoding="utf-8")


def read_record(path: Path) -> SlideRecord | None:
    """Read a record; None if there is none, or it cannot be read: it only saves time."""
    try:
        return SlideRecord.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def read_records(folder: CohortFolder) -> Iterator[SlideRecord]:
    """Give the records in a folder, by name."""
    for path in sorted(folder.records.glob("*.json")):
        record = read_record(path)
        if record is not None:
            yield record


def recipe_of(job: SlideJob, encoder_sha256: str) -> str:
    """Return a hash of everything chosen for a slide that can change the numbers."""
    settings, entry = job.settings, job.entry
    chosen: dict[str, Any] = {
        "model": settings.model_sha256,
        "encoder": None if entry.features else [settings.encoder, encoder_sha256],
        "options": choices(settings.analysis),
        "reader": settings.reader,
        "mpp": entry.mpp,
        "region": [_digest(entry.region), settings.region_class],
        "features": features_sha256(entry.features) if entry.features else "",
    }
    return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()


def stamp_of(path: Path) -> str:
    """Return what changes when a file does, or one of a folder or of the folders in it; empty if it is not there."""
    try:
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        inside = [file for folder in files if folder.is_dir() for file in sorted(folder.iterdir())]
        stamps = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in (*files, *inside)]
    except OSError:
        return ""
    return hashlib.sha256(repr(stamps).encode()).hexdigest()[:24]


def _digest(path: Path | None) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() if path else ""
    except OSError:
        return "unreadable"
