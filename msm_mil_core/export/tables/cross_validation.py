"""How several models of one training do, as JSON for programs."""

from dataclasses import asdict
from pathlib import Path

from pydantic import JsonValue

from msm_mil_core.export.tables.json_file import Record, head, numbers, write_json
from msm_mil_core.learning.training.cross_validation import CrossValidation, FoldEvaluation

SCHEMA = "msm-mil-folds/1"


def write_folds(result: CrossValidation, path: Path) -> None:
    """Write the metrics of each model, their means, and those of the pooled predictions; null where undefined.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    write_json(_record(result), path)


def _record(result: CrossValidation) -> Record:
    return {
        **head(SCHEMA),
        "models": [_model(fold) for fold in result.folds],
        "over_models": {name: numbers(asdict(average)) for name, average in result.averages.items()},
        "pooled_by_seed": {str(seed): dict(evaluation.summary()) for seed, evaluation in result.pooled.items()},
    }


def _model(fold: FoldEvaluation) -> Record:
    model = fold.model
    return {
        "file": None if model.checkpoint.path is None else str(model.checkpoint.path),
        "sha256": model.checkpoint.sha256,
        "fold": model.fold.number,
        "seed": model.seed,
        "part": fold.part,
        "figures": dict(fold.evaluation.summary()),
        "answers": _predictions(fold),
    }


def _predictions(fold: FoldEvaluation) -> list[JsonValue]:
    bags, predictions = fold.bags, fold.evaluation.predictions
    return [
        {
            "slide": bags.names[index],
            "patient": bags.patients[index],
            "label": bags.classes[bags.labels[index]],
            "probabilities": dict(zip(predictions.classes, probabilities.tolist(), strict=True)),
        }
        for index, probabilities in enumerate(predictions.probabilities)
    ]
