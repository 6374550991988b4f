"""A model beside its baselines, as JSON for programs."""

import json
from dataclasses import asdict
from pathlib import Path

from pydantic import JsonValue

from msm_mil_core.export.tables.json_file import Record, head, number, numbers, write_json
from msm_mil_core.learning.evaluation.baseline_comparison import BaselineComparison
from msm_mil_core.learning.evaluation.bootstrap import INTERVAL_PERCENT, SEED
from msm_mil_core.learning.evaluation.compare_models import PairedDifference

SCHEMA = "msm-mil-baselines/1"


def write_baselines(comparison: BaselineComparison, model_sha256: str, path: Path) -> None:
    """Write the figures of a model and its baselines, and by how much it exceeds each; null where undefined.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    baselines: list[JsonValue] = [
        {
            "model": evaluation.predictions.title,
            "figures": dict(evaluation.summary()),
            "difference": {"auc": _paired(by.auc), "balanced_accuracy": _paired(by.balanced_accuracy)},
        }
        for evaluation, by in zip(comparison.baselines, comparison.differences, strict=True)
    ]
    record: Record = {
        **head(SCHEMA),
        "model_sha256": model_sha256,
        "part": comparison.part,
        "patients": comparison.patients,
        "intervals": {
            "resampled": "patients",
            "resamples": comparison.resamples,
            "seed": SEED,
            "percentiles": list(INTERVAL_PERCENT),
        },
        "model": {
            "model": comparison.model.predictions.title,
            "figures": dict(comparison.model.summary()),
        },
        "baselines": baselines,
        "sentence": comparison.sentence,
    }
    write_json(record, path)


def read_baselines(path: Path, model_sha256: str) -> Record | None:
    """Read what `write_baselines` wrote of this model; None where there is none, or it is of another."""
    try:
        record: Record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    ours = isinstance(record, dict) and record.get("schema") == SCHEMA and record.get("model_sha256") == model_sha256
    return record if ours else None


def _paired(difference: PairedDifference) -> Record:
    return {**numbers(asdict(difference.by)), "p": number(difference.p)}
