"""How several models of one training do, as JSON for programs."""

from dataclasses import asdict
from pathlib import Path

from pydantic import JsonValue
from scipy.special import softmax

from msm_mil_core.export.tables.json_file import Record, head, numbers, write_json
from msm_mil_core.learning.training.cross_validation import CrossValidation, Judged

SCHEMA = "msm-mil-folds/1"


def write_folds(result: CrossValidation, path: Path) -> None:
    """Write the figures of each model, their means, and those of the pooled answers; null is what cannot be told.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    write_json(_record(result), path)


def _record(result: CrossValidation) -> Record:
    return {
        **head(SCHEMA),
        "models": [_model(judged) for judged in result.judged],
        "over_models": {name: numbers(asdict(spread)) for name, spread in result.spreads.items()},
        "pooled_by_seed": {str(seed): numbers(asdict(figures)) for seed, figures in result.pooled.items()},
    }


def _model(judged: Judged) -> Record:
    model = judged.model
    return {
        "file": None if model.checkpoint.path is None else str(model.checkpoint.path),
        "sha256": model.checkpoint.sha256,
        "fold": model.fold.number,
        "seed": model.seed,
        "part": judged.part,
        "figures": numbers(asdict(judged.figures)),
        "answers": _answers(judged),
    }


def _answers(judged: Judged) -> list[JsonValue]:
    bags = judged.model.fold.bags
    return [
        {
            "slide": bags.names[index],
            "patient": bags.patients[index],
            "label": bags.classes[bags.labels[index]],
            "probabilities": dict(zip(bags.classes, softmax(logits.astype(float)).tolist(), strict=True)),
        }
        for index, logits in zip(judged.chosen, judged.logits, strict=True)
    ]
