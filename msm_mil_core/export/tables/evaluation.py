"""All that an evaluation found, as JSON for programs."""

from dataclasses import asdict
from pathlib import Path

from pydantic import JsonValue

from msm_mil_core.export.tables.json_file import Record, head, number, numbers, write_json
from msm_mil_core.learning.evaluation.bootstrap import INTERVAL_PERCENT, SEED, Estimate
from msm_mil_core.learning.evaluation.calibration import EDGES, Calibration
from msm_mil_core.learning.evaluation.compare_models import ModelComparison, PairedDifference
from msm_mil_core.learning.evaluation.evaluate import Evaluation
from msm_mil_core.learning.evaluation.metrics import FIGURES
from msm_mil_core.mil.checkpoint import Checkpoint

SCHEMA = "msm-mil-evaluation/1"


def write_evaluation(comparison: ModelComparison, path: Path) -> None:
    """Write figures, intervals, differences and every bag's probabilities; null is what cannot be told.

    The same bags and models give the same bytes.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    write_json(_record(comparison), path)


def _record(comparison: ModelComparison) -> Record:
    cases, judged = comparison.cases, zip(comparison.checkpoints, comparison.evaluations, strict=True)
    return {
        **head(SCHEMA),
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
        {"above": above, "to": to, "bags": int(bags), "confidence": number(sure), "accuracy": number(right)}
        for above, to, sure, right, bags in told
    ]


def _case(comparison: ModelComparison, index: int) -> Record:
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
    return numbers(asdict(estimate))


def _paired(difference: PairedDifference) -> Record:
    return {**_estimate(difference.by), "p": number(difference.p)}
