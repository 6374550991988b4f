"""All that an evaluation found, as JSON for programs."""

import json
from dataclasses import asdict
from math import isfinite
from pathlib import Path

from pydantic import JsonValue

from msm_mil_core import __version__
from msm_mil_core.learning.calibration import EDGES, Calibration
from msm_mil_core.learning.compare_models import Comparison, PairedDifference
from msm_mil_core.learning.estimates import INTERVAL_PERCENT, Estimate
from msm_mil_core.learning.evaluate import Evaluation
from msm_mil_core.learning.resamples import SEED
from msm_mil_core.learning.scores import FIGURES
from msm_mil_core.mil.checkpoints import Checkpoint
from msm_mil_core.wholefile import whole_file

SCHEMA = "msm-mil-evaluation/1"
WARNING = "Research use, not for diagnosis."

Record = dict[str, JsonValue]


def write_evaluation(comparison: Comparison, path: Path) -> None:
    """Write figures, intervals, differences and every bag's probabilities; null is what cannot be told.

    The same bags and models give the same bytes.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    with whole_file(path) as part:
        text = json.dumps(_record(comparison), indent=1, allow_nan=False, ensure_ascii=False)
        part.write_text(text + "\n", encoding="utf-8")


def _record(comparison: Comparison) -> Record:
    cases, judged = comparison.cases, zip(comparison.checkpoints, comparison.evaluations, strict=True)
    return {
        "schema": SCHEMA,
        "created_by": f"napari-msm-mil {__version__}",
        "warning": WARNING,
        "bags": {
            "labels": str(cases.table),
            "part": cases.part,
            "bags": len(cases),
            "patients": len(set(cases.patients)),
        },
        "intervals": {
            "resampled": "patients",
            "resamples": comparison.resamples,
            "seed": SEED,
            "percentiles": list(INTERVAL_PERCENT),
        },
        "models": [_model(checkpoint, evaluation) for checkpoint, evaluation in judged],
        "differences": [
            {
                "model": difference.title,
                "against": difference.against,
                "auc": _paired(difference.auc),
                "balanced_accuracy": _paired(difference.balanced_accuracy),
            }
            for difference in comparison.differences
        ],
        "cases": [_case(comparison, index) for index in range(len(cases))],
    }


def _model(checkpoint: Checkpoint, evaluation: Evaluation) -> Record:
    scores, classes = evaluation.scores, evaluation.answers.classes
    return {
        "model": evaluation.answers.title,
        "file": None if checkpoint.path is None else str(checkpoint.path),
        "sha256": checkpoint.sha256,
        "encoder": checkpoint.encoder,
        "classes": list(classes),
        "figures": {name: _estimate(getattr(scores, name)) for name in FIGURES},
        "recalls": {name: _estimate(recall) for name, recall in zip(classes, scores.recalls, strict=True)},
        "confusion": {"rows": "labels", "columns": "answers", "bags": evaluation.confusion.tolist()},
        "calibration": _bins(evaluation.calibration),
        "notes": list(evaluation.notes),
    }


def _bins(calibration: Calibration) -> list[JsonValue]:
    columns = (EDGES[:-1], EDGES[1:], calibration.confidence, calibration.accuracy)
    told = zip(*(column.tolist() for column in columns), calibration.counts.tolist(), strict=True)
    return [
        {"above": above, "to": to, "bags": int(bags), "confidence": _number(sure), "accuracy": _number(right)}
        for above, to, sure, right, bags in told
    ]


def _case(comparison: Comparison, index: int) -> Record:
    cases = comparison.cases
    answers = (evaluation.answers for evaluation in comparison.evaluations)
    return {
        "slide": cases.names[index],
        "patient": cases.patients[index],
        "label": cases.labels[index],
        "file": str(cases.paths[index]),
        "answers": [
            {
                "model": of_one.title,
                "answer": of_one.classes[of_one.predicted[index]],
                "probabilities": dict(zip(of_one.classes, of_one.probabilities[index].tolist(), strict=True)),
            }
            for of_one in answers
        ],
    }


def _estimate(estimate: Estimate) -> Record:
    return {name: _number(value) for name, value in asdict(estimate).items()}


def _paired(difference: PairedDifference) -> Record:
    return {**_estimate(difference.by), "p": _number(difference.p)}


def _number(value: float) -> float | None:
    return value if isfinite(value) else None
