"""Train the bundled model again, from photographs to model file: python -m examples.train_bundled_model PHOTOS.

PHOTOS is the folder of the photographs (see lung_photographs.py). Everything is drawn from fixed seeds: a second run on
the same machine gives the same file. Encoding takes half a minute or more; --cache stores its output.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from pydantic import JsonValue

from examples.bundled_card import CARD, Row, card_of, comparison_table
from examples.lung_collection import PARTS, Collection, bags_of, encode_photographs
from examples.lung_comparison import (
    auc_intervals,
    colour_probabilities,
    localisation_of,
    metrics_of,
    network_probabilities,
)
from examples.lung_photographs import Mosaic, read_photographs
from msm_mil_core.encoders.registry import DEFAULT_ENCODER, load_encoder
from msm_mil_core.learning.dataset.bag_dataset import BagDataset
from msm_mil_core.learning.dataset.columns import Part
from msm_mil_core.learning.evaluation.evaluate import with_figures
from msm_mil_core.learning.training.model_changes import ModelChanges
from msm_mil_core.learning.training.train import train
from msm_mil_core.learning.training.train_options import TrainOptions
from msm_mil_core.mil.model_file.checkpoint import BUNDLED, Checkpoint, save_checkpoint
from msm_mil_core.progress import finish

NAME = "lung-mosaics"
COUNTS: dict[Part, int] = {"train": 180, "val": 60, "test": 120}
"""Mosaics drawn in each part of the split."""
SEEDS = range(3)
OPTIONS = TrainOptions(
    name=NAME,
    preset="default",
    model=ModelChanges(hidden=64, attention=32, dropout=0.5),
    epochs=20,
    patience=5,
    learning_rate=1e-3,
    weight_decay=0.05,
    bags_per_step=16,
    device="cpu",
    card=CARD,
)
METHODS = {
    "MSM-MIL": OPTIONS,
    "gated ABMIL": OPTIONS.replace(preset="abmil"),
    "mean of tiles": OPTIONS.replace(preset="mean"),
}
"""The model and two of fewer parts, trained alike."""


def main() -> None:
    """Read, encode, train, compare, write."""
    arguments = _arguments()
    torch.set_num_threads(1)  # a fixed number, for sums depend on it in their last digits; more gain nothing here
    encoder = load_encoder(DEFAULT_ENCODER, device="cpu", precision="float32")
    collection = encode_photographs(read_photographs(arguments.photos), encoder, arguments.cache)
    rng = np.random.default_rng(0)
    mosaics = {part: collection.draw(collection.members(part), COUNTS[part], rng) for part in PARTS}
    bags = bags_of(collection, mosaics)
    trained = {
        name: _best_first([_trained(bags, options, seed) for seed in SEEDS], mosaics["val"], collection)
        for name, options in METHODS.items()
    }
    rows = _rows(trained, mosaics, collection)
    model = finish(with_figures(trained["MSM-MIL"][0], bags, device="cpu"))
    saved = save_checkpoint(replace(model, record=_record(model, rows, collection)), arguments.out)
    arguments.card.write_text(card_of(saved, rows), encoding="utf-8")
    print(comparison_table(rows))
    print(f"wrote {arguments.out} ({arguments.out.stat().st_size / 1e6:.1f} MB, sha256 {saved.sha256})")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="folder of the photographs")
    parser.add_argument("--out", type=Path, default=BUNDLED / f"{NAME}.safetensors", help="the model file")
    parser.add_argument("--card", type=Path, default=Path(__file__).with_name("bundled_model.md"), help="its card")
    parser.add_argument("--cache", type=Path, default=None, help="folder that keeps features between runs")
    return parser.parse_args()


def _trained(bags: BagDataset, options: TrainOptions, seed: int) -> Checkpoint:
    model = finish(train(bags, options.replace(seed=seed)))
    print(f"{options.preset}, seed {seed}: best epoch {model.record['best_epoch']}", flush=True)
    return model


def _best_first(models: Sequence[Checkpoint], val: Sequence[Mosaic], collection: Collection) -> list[Checkpoint]:
    """Sort models by their log loss on the validation mosaics: the test mosaics choose nothing."""
    return sorted(models, key=lambda model: metrics_of(network_probabilities(model, collection), val).log_loss)


def _rows(trained: dict[str, list[Checkpoint]], mosaics: dict[Part, list[Mosaic]], collection: Collection) -> list[Row]:
    test = mosaics["test"]
    methods = {name: network_probabilities(models[0], collection) for name, models in trained.items()}
    methods["mean colour"] = colour_probabilities(mosaics["train"], collection)
    aucs, behind = auc_intervals(list(methods.values()), test, collection)
    return [
        Row(
            name=name,
            auc=auc,
            behind=difference,
            seeds=tuple(
                metrics_of(network_probabilities(model, collection), test).auc for model in trained.get(name, [])
            ),
            localisation=localisation_of(trained[name][0], test, collection) if name in trained else None,
        )
        for name, auc, difference in zip(methods, aucs, behind, strict=True)
    ]


def _record(model: Checkpoint, rows: Sequence[Row], collection: Collection) -> dict[str, JsonValue]:
    """Return what the model file says of itself: patients are not told, so none are counted."""
    figures = cast(dict[str, dict[str, JsonValue]], model.record["figures"])
    auc = {"auc_low": rows[0].auc.low, "auc_high": rows[0].auc.high}
    split: dict[str, JsonValue] = {
        part: {"bags": COUNTS[part], "photographs": len(collection.members(part))} for part in PARTS
    }
    return {
        **model.record,
        "split": split,
        "likenesses_taken_out": int((collection.split < 0).sum()),
        "figures": {**figures, "test": {**figures["test"], **auc}},
        "comparison": comparison_table(rows),
    }


if __name__ == "__main__":
    main()
