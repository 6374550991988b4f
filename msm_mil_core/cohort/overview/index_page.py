"""The page that lists the slides of a folder: picture, prediction, stage maps, and links to their reports."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import jinja2

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.cohort.cohort_folder import CohortFolder
from msm_mil_core.cohort.index_pictures import picture_name
from msm_mil_core.cohort.slide_record import SlideRecord, read_records
from msm_mil_core.file_names import RESULT_SUFFIX
from msm_mil_core.mil.map_names import map_name

Words = dict[str, object]


def write_index(folder: CohortFolder) -> Path:
    """Write the page from the records of the folder, and return where.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    rows = [_row(record, folder) for record in read_records(folder)]
    loader = jinja2.PackageLoader("msm_mil_core.cohort.overview", "templates")
    pages = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    page = pages.get_template("index.html.j2").render(rows=rows, title=folder.path.absolute().name, **_counts(rows))
    with whole_file(folder.index) as part:
        part.write_text(page, encoding="utf-8")
    return folder.index


def _counts(rows: list[Words]) -> Words:
    classes = dict.fromkeys(name for row in rows for name in row["probabilities"])  # type: ignore[attr-defined]
    return {
        "classes": list(classes),
        "finished": sum(row["state"] == "finished" for row in rows),
        "failed": sum(row["state"] == "failed" for row in rows),
        "shared": _shared([row["notes"] for row in rows if row["state"] == "finished"]),  # type: ignore[misc]
        "map_names": max((row["map_names"] for row in rows), key=len, default=[]),  # type: ignore[arg-type]
    }


def _shared(notes: list[list[str]]) -> list[str]:
    """Return the notes that every slide has: they are said once."""
    return [note for note in notes[0] if all(note in each for each in notes)] if notes else []


def _row(record: SlideRecord, folder: CohortFolder) -> Words:
    answer, key = record.answer, record.job.key
    stages = range(len(answer.betas)) if answer else ()
    return {
        "slide": record.job.entry.slide.name,
        "state": record.state,
        "why": record.why,
        "prediction": answer.prediction if answer else "",
        "answer": answer.answer if answer else "",
        "notes": list(answer.notes) if answer else [],
        "probabilities": answer.probabilities if answer else {},
        "betas": list(answer.betas) if answer else [],
        "tiles": answer.tiles if answer else None,
        "seconds": record.seconds,
        "picture": _picture(folder, key, "slide"),
        "maps": [_picture(folder, key, f"stage{number + 1}") for number in stages],
        "map_names": [map_name(number, answer.map_classes) for number in stages] if answer else [],
        "weighted": bool(answer and not answer.map_classes),
        "links": list(_links(record, folder)),
    }


def _picture(folder: CohortFolder, key: str, what: str) -> str:
    path = folder.pictures / picture_name(key, what)
    return f"{quote(path.parent.name)}/{quote(path.name)}" if path.is_file() else ""


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # of too long a name, which no file has
        return False


def _links(record: SlideRecord, folder: CohortFolder) -> Iterator[Words]:
    name = record.job.target.name.removesuffix(RESULT_SUFFIX)
    for what, ending in (("report", ".report.html"), ("report (PDF)", ".report.pdf"), ("result", RESULT_SUFFIX)):
        if _is_file(folder.path / f"{name}{ending}"):
            yield {"what": what, "href": quote(f"{name}{ending}")}
