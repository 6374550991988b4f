"""How several models of one training do, as JSON for programs."""

import json
from dataclasses import asdict
from math import isfinite
from pathlib import Path

from pydantic import JsonValue
from scipy.special import softmax

from msm_mil_core import __version__
from msm_mil_core.learning.cross_validation import CrossValidation, Judged
from msm_mil_core.wholefile import whole_file

SCHEMA = "msm-mil-folds/1"
WARNING = "Research use, not for diagnosis."

Record = dict[str, JsonValue]


def write_folds(result: CrossValidation, path: Path) -> None:
    """Write the figures of each model, their means, and those of the pooled answers; null is what cannot be told.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    with whole_file(path) as part:
        text = json.dumps(_record(result), indent=1, allow_nan=False, ensure_ascii=False)
        part.write_text(text + "\n", encoding="utf-8")


def _record(result: CrossValidation) -> Record:
    return {
        "schema": SCHEMA,
        "created_by": f"napari-msm-mil {__version__}",
        "warning": WARNING,
        "models": [_model(judged) for judged in result.judged],
        "over_models": {name: _numbers(asdict(spread)) for name, spread in result.spreads.items()},
        "pooled_by_seed": {str(seed): _numbers(asdict(figures)) for seed, figures in result.pooled.items()},
    }


def _model(judged: Judged) -> Record:
    model = judged.model
    return {
        "file": None if model.checkpoint.path is None else str(model.checkpoint.path),
        "sha256": model.checkpoint.sha256,
        "fold": model.fold.number,
        "seed": model.seed,
        "part": judged.part,
        "figures": _numbers(asdict(judged.figures)),
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


def _numbers(values: dict[str, float]) -> Record:
    return {name: value if isfinite(value) else None for name, value in values.items()}
