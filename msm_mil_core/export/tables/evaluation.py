"""Everything that an evaluation found, as JSON for programs."""

from dataclasses import asdict
from pathlib import Path

from pydantic import JsonValue

from msm_mil_core.export.tables.json_file import Record, head, number, numbers, write_json
from msm_mil_core.learning.evaluation.bootstrap import INTERVAL_PERCENT, SEED, Estimate
from msm_mil_core.learning.evaluation.calibration import EDGES, Calibration
from msm_mil_core.learning.evaluation.compare_models import ModelComparison, PairedDifference
from msm_mil_core.learning.evaluation.evaluate import Evaluation
from msm_mil_core.learning.evaluation.metrics import METRICS
from msm_mil_core.mil.model_file.checkpoint import Checkpoint

SCHEMA = "msm-mil-evaluation/1"


def write_evaluation(comparison: ModelComparison, path: Path) -> None:
    """Write metrics, intervals, differences and every bag's probabilities; null where a value is undefined.

    The same bags and models give the same bytes.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    write_json(_record(comparison), path)


def _record(comparison: ModelComparison) -> Record:
    selection, models = comparison.selection, zip(comparison.checkpoints, comparison.evaluations, strict=True)
    return {
        **head(SCHEMA),
        "bags": {
            "labels": str(selection.table),
            "part": selection.part,
            "bags": len(selection.bags),
            "patients": len(set(selection.bags.patients)),
        },
        "intervals": {
            "resampled": "patients",
            "resamples": comparison.resamples,
            "seed": SEED,
            "percentiles": list(INTERVAL_PERCENT),
        },
        "models": [_model(checkpoint, evaluation) for checkpoint, evaluation in models],
        "differences": [
            {
                "model": difference.title,
                "against": difference.against,
                "auc": _paired(difference.auc),
                "balanced_accuracy": _paired(difference.balanced_accuracy),
            }
            for difference in comparison.differences
        ],
        "cases": [_case(comparison, index) for index in range(len(selection.bags))],
    }


def _model(checkpoint: Checkpoint, evaluation: Evaluation) -> Record:
    metrics, classes = evaluation.metrics, evaluation.predictions.classes
    return {
        "model": evaluation.predictions.title,
        "file": None if checkpoint.path is None else str(checkpoint.path),
        "sha256": checkpoint.sha256,
        "encoder": checkpoint.encoder,
        "classes": list(classes),
        "figures": {name: _estimate(getattr(metrics, name)) for name in METRICS},
        "recalls": {name: _estimate(recall) for name, recall in zip(classes, metrics.recalls, strict=True)},
        "confusion": {"rows": "labels", "columns": "answers", "bags": evaluation.confusion.tolist()},
        "calibration": _bins(evaluation.calibration),
        "notes": list(evaluation.notes),
    }


def _bins(calibration: Calibration) -> list[JsonValue]:
    columns = (EDGES[:-1], EDGES[1:], calibration.confidence, calibration.accuracy)
    rows = zip(*(column.tolist() for column in columns), calibration.counts.tolist(), strict=True)
    return [
        {"above": above, "to": to, "bags": int(bags), "confidence": number(confidence), "accuracy": number(accuracy)}
        for above, to, confidence, accuracy, bags in rows
    ]


def _case(comparison: ModelComparison, index: int) -> Record:
    bags, path = comparison.selection.bags, comparison.selection.bags.tables[index].path
    predictions = (evaluation.predictions for evaluation in comparison.evaluations)
    return {
        "slide": bags.names[index],
        "patient": bags.patients[index],
        "label": bags.classes[bags.labels[index]],
        "file": None if path is None else str(path),
        "answers": [
            {
                "model": of_model.title,
                "answer": of_model.classes[of_model.predicted[index]],
                "probabilities": dict(zip(of_model.classes, of_model.probabilities[index].tolist(), strict=True)),
            }
            for of_model in predictions
        ],
    }


def _estimate(estimate: Estimate) -> Record:
    return numbers(asdict(estimate))


def _paired(difference: PairedDifference) -> Record:
    return {**_estimate(difference.by), "p": number(difference.p)}
