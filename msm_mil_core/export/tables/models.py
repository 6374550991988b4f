"""The comparison of several models on one slide, as JSON and as a table of tiles."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.csv_table import write_table
from msm_mil_core.explain.models.model_comparison import AlignedModel, ModelComparison, ModelPair
from msm_mil_core.export.tables.json_file import Record, head, number

SCHEMA = "msm-mil-models/1"


def models_json(comparison: ModelComparison) -> Record:
    """Return models, pairs and what was found as JSON values; null where a value is undefined."""
    known = np.isfinite(comparison.agreement)
    return {
        **head(SCHEMA),
        "top_percent": comparison.top_percent,
        "class": comparison.class_name,
        "models": [_model(model) for model in comparison.models],
        "pairs": [_pair(pair, comparison) for pair in comparison.pairs],
        "tiles": int(known.sum()),
        "tiles_by_agreement": {
            str(count): int((comparison.agreement == count).sum()) for count in range(len(comparison.models) + 1)
        },
        "mean_spread": number(float(np.nanmean(comparison.spread)) if known.any() else float("nan")),
        "sentences": list(comparison.sentences),
    }


def write_models_csv(comparison: ModelComparison, path: Path) -> None:
    """Write one row a tile of the first run: its place, each model's rank, how many have it on top, and the spread.

    Raises
    ------
    OutputError
        If it cannot be written there.
    """
    xy_px0 = comparison.models[0].view.tiles.xy_px0
    columns = {"x_px0": xy_px0[:, 0].tolist(), "y_px0": xy_px0[:, 1].tolist()}
    columns |= {f"rank, {model.view.name}": _cells(model.rank) for model in comparison.models}
    columns |= {"models with it on top": _cells(comparison.agreement), "spread of rank": _cells(comparison.spread)}
    write_table(path, columns, zip(*columns.values(), strict=True))


def _model(model: AlignedModel) -> Record:
    prediction = model.view.prediction
    return {
        "name": model.view.name,
        "answer": prediction.winner,
        "probabilities": dict(zip(prediction.classes, map(float, prediction.probabilities), strict=True)),
        "attention": model.looked_at,
        "tiles": model.alignment.kind,
        "tiles_covered": int(model.alignment.covered.sum()),
    }


def _pair(pair: ModelPair, comparison: ModelComparison) -> Record:
    one, other = (comparison.models[at].view.name for at in (pair.one, pair.other))
    figures = (pair.overlap, pair.overlap_by_chance, pair.rank_correlation)
    names = ("overlap", "overlap_by_chance", "rank_correlation")
    return {"model": one, "other_model": other} | dict(zip(names, map(number, figures), strict=True))


def _cells(values: NDArray[np.float32]) -> list[str]:
    return ["" if np.isnan(value) else f"{value:.6g}" for value in values]
