"""A Parquet file of a folder's slides, one a row, for statistics over many."""

from pathlib import Path

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.cohort.cohort_folder import CohortFolder
from msm_mil_core.cohort.slide_record import SlideRecord, read_records
from msm_mil_core.errors import OutputError

Row = dict[str, object]


def write_parquet(folder: CohortFolder, path: Path) -> int:
    """Write a row for each slide that has ended, and return how many there are; what a slide does not have is null.

    Raises
    ------
    OutputError
        If pyarrow is not installed, or the file cannot be written.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as exc:
        raise OutputError(
            "A Parquet file needs pyarrow, which is not installed. Install it: pip install 'napari-msm-mil[tables]'."
        ) from exc
    rows = [_row(record) for record in read_records(folder)]
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = pa.table({name: [row.get(name) for row in rows] for name in names})
    with whole_file(path) as part:
        parquet.write_table(table, part)
    return len(rows)


def _row(record: SlideRecord) -> Row:
    settings, answer = record.job.settings, record.answer
    row: Row = {
        "slide": record.job.entry.slide.name,
        "path": str(record.job.entry.slide),
        "result": record.job.target.name,
        "state": record.state,
        "why": record.why or None,
        "at": record.at,
        "host": record.host,
        "seconds": record.seconds,
        "model_sha256": settings.model_sha256,
        "encoder": settings.encoder,
    }
    if answer is None:
        return row
    row |= {name: getattr(answer, name) for name in ("quick_hash", "mpp", "model", "prediction", "probability")}
    row |= {name: getattr(answer, name) for name in ("tiles", "encoder_sha256", "precision")}
    row |= {f"P({name})": chance for name, chance in answer.probabilities.items()}
    if not answer.map_classes:
        row |= {f"weight of stage {number + 1}": beta for number, beta in enumerate(answer.betas)}
    return row | {"notes": "\n".join(answer.notes)}
