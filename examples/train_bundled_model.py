"""Train the bundled model again, from photographs to model file: python examples/train_bundled_model.py PHOTOS.

PHOTOS is the folder of the photographs (see oral_mucosa.py), 224 x 224 px. Everything is drawn from fixed seeds: a
second run on the same machine gives the same file. Encoding takes most of the time; --cache stores its output.
"""

import argparse
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from bundled_card import Row, card_of, comparison_table
from mean_color import colour_logits
from numpy.typing import NDArray
from oral_mucosa import CARD, PHOTO_MPP, Photo, group, read_photos, tiles_of, varied, without_copies
from scipy.special import softmax
from sklearn.model_selection import StratifiedGroupKFold

from msm_mil_core.bags.feature_table import FeatureTable, table_of
from msm_mil_core.encoders.registry import DEFAULT_ENCODER, Encoder, load_encoder
from msm_mil_core.learning.dataset.bag_dataset import BagDataset, label_bags
from msm_mil_core.learning.dataset.columns import Part
from msm_mil_core.learning.dataset.origin import Origin
from msm_mil_core.learning.evaluation.bootstrap import draw_resamples
from msm_mil_core.learning.evaluation.evaluate import Evaluation, evaluate, evaluate_model, with_figures
from msm_mil_core.learning.evaluation.predictions import Predictions
from msm_mil_core.learning.training.model_changes import ModelChanges
from msm_mil_core.learning.training.train import train
from msm_mil_core.learning.training.train_options import TrainOptions
from msm_mil_core.mil.checkpoint import BUNDLED, Checkpoint, save_checkpoint
from msm_mil_core.progress import finish

CUT_PX, SIDE_PX = 48, 80
"""Side of a tile in pixels of a photograph, and as the encoder gets it."""
FOLDS = 5
SEEDS = range(3)
VARIANTS = 2
"""Turned, zoomed and newly stained copies of each photograph."""
MOSAICS, PHOTOS_IN_MOSAIC = 1600, 4
"""Training bags put together of several photographs, one to all of them OSCC where the label is OSCC."""
SHAPE = ModelChanges(hidden=64, attention=64, dropout=0.75)
OPTIONS = TrainOptions(
    name="oral-mucosa",
    model=SHAPE,
    epochs=6,
    patience=5,
    learning_rate=1e-3,
    weight_decay=0.1,
    bags_per_step=16,
    device="cpu",
    card=CARD,
)
PLAIN_ATTENTION = OPTIONS.replace(preset="abmil", name="gated ABMIL")


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """The photographs, encoded, and which of them must stay together."""

    photos: Sequence[Photo]
    groups: Sequence[str]
    folds: NDArray[np.int64]
    """(M,)."""
    plain: NDArray[np.float32]
    """(M, N, P)."""
    variants: NDArray[np.float32]
    """(V, M, N, P)."""
    origin: Origin

    def part(self, index: int, test_fold: int) -> Part:
        """Return which part of the split a photograph is in: the fold after the test fold validates."""
        fold = self.folds[index]
        return "test" if fold == test_fold else "val" if fold == (test_fold + 1) % FOLDS else "train"


def main() -> None:
    """Read, encode, train, compare, write."""
    arguments = _arguments()
    torch.set_num_threads(2)  # a fixed number, for sums depend on it in their last digits
    collection = _collect(without_copies(read_photos(arguments.photos)), arguments.cache)
    print(f"{len(collection.photos)} photographs without copies, {len(set(collection.groups))} groups")
    ours = [_trained(collection, 0, OPTIONS.replace(seed=seed)) for seed in SEEDS]
    theirs = [_trained(collection, 0, PLAIN_ATTENTION.replace(seed=seed)) for seed in SEEDS]
    rows = [
        _row("MSM-MIL", collection, ours, OPTIONS),
        _row("gated ABMIL", collection, theirs, PLAIN_ATTENTION),
        _colour_row(collection),
    ]
    best = max(ours, key=lambda checkpoint: _figure(checkpoint, "val"))  # the test bags choose nothing
    record = best.record | {
        "comparison": comparison_table(rows),
        "magnification": f"400x, about {PHOTO_MPP} µm/px as shown",
    }
    saved = save_checkpoint(replace(best, record=record), arguments.out)
    arguments.card.write_text(card_of(saved, rows, collection.groups), encoding="utf-8")
    print(comparison_table(rows))
    print(f"wrote {arguments.out} ({arguments.out.stat().st_size / 1e6:.1f} MB) and {arguments.card}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="folder of the photographs")
    parser.add_argument("--out", type=Path, default=BUNDLED / "oral-mucosa.safetensors", help="the model file")
    parser.add_argument("--card", type=Path, default=Path(__file__).with_name("bundled_model.md"), help="its card")
    parser.add_argument("--cache", type=Path, default=None, help="folder that keeps features between runs")
    return parser.parse_args()


def _collect(photos: Sequence[Photo], cache: Path | None) -> Collection:
    encoder = load_encoder(DEFAULT_ENCODER, device="cpu", precision="float32")
    keep = _Keeper(cache, photos, encoder)
    groups = group(photos, keep("whole", lambda: _encoded([photo.pixels[None] for photo in photos], encoder)[:, 0]))
    variants = [
        keep(f"variant-{number}", lambda number=number: _variant(photos, number, encoder)) for number in range(VARIANTS)
    ]
    labels = [photo.label for photo in photos]
    folds = np.zeros(len(photos), np.int64)
    drawn = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0).split(labels, labels, groups)
    for number, (_, held) in enumerate(drawn):
        folds[held] = number
    return Collection(
        photos=photos,
        groups=groups,
        folds=folds,
        plain=keep("plain", lambda: _encoded([_tiles(photo.pixels) for photo in photos], encoder)),
        variants=np.stack(variants),
        origin=Origin(DEFAULT_ENCODER, encoder.card.weights_sha256, SIDE_PX, round(PHOTO_MPP * CUT_PX / SIDE_PX, 3)),
    )


class _Keeper:
    """Computes an array once, and stores it in a folder if there is one."""

    def __init__(self, folder: Path | None, photos: Sequence[Photo], encoder: Encoder) -> None:
        digest = hashlib.sha256(f"{encoder.card.weights_sha256} {CUT_PX} {SIDE_PX}".encode())
        for photo in photos:
            digest.update(photo.pixels.tobytes())
        self._folder, self._key = folder, digest.hexdigest()[:12]

    def __call__(self, name: str, compute: Callable[[], NDArray[np.float32]]) -> NDArray[np.float32]:
        if self._folder is None:
            return compute()
        path = self._folder / f"{name}-{self._key}.npy"
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            np.save(path, compute())
        kept: NDArray[np.float32] = np.load(path)
        return kept


def _variant(photos: Sequence[Photo], number: int, encoder: Encoder) -> NDArray[np.float32]:
    print(f"encoding variant {number + 1} of {VARIANTS}")
    rng = np.random.default_rng((1, number))
    return _encoded([_tiles(varied(photo.pixels, rng)) for photo in photos], encoder)


def _tiles(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return tiles_of(pixels, CUT_PX, SIDE_PX)


def _encoded(bags: Sequence[NDArray[np.uint8]], encoder: Encoder) -> NDArray[np.float32]:
    return np.stack([encoder.encode(tiles) for tiles in bags])


def _trained(collection: Collection, test_fold: int, options: TrainOptions) -> Checkpoint:
    bags = _bags(collection, test_fold)
    checkpoint = finish(with_figures(finish(train(bags, options)), bags, device=options.device))
    print(f"{options.name}, test fold {test_fold}, seed {options.seed}: {_figure(checkpoint, 'test'):.3f}")
    return checkpoint


def _bags(collection: Collection, test_fold: int) -> BagDataset:
    """Join plain photographs of the held-out folds with a variant of each other one and with mosaics of those."""
    tables: dict[str, FeatureTable] = {}
    labels, groups, parts = [], [], []
    for index, photo in enumerate(collection.photos):
        part = collection.part(index, test_fold)
        tables[photo.name] = table_of(collection.variants[0, index] if part == "train" else collection.plain[index])
        labels.append(photo.label)
        groups.append(collection.groups[index])
        parts.append(part)
    for name, (tiles, label) in _mosaics(collection, test_fold).items():
        tables[name] = table_of(tiles)
        labels.append(label)
        groups.append(name)
        parts.append("train")
    return label_bags(tables, labels, collection.origin, patients=groups, parts=parts)


def _mosaics(collection: Collection, test_fold: int) -> dict[str, tuple[NDArray[np.float32], str]]:
    rng = np.random.default_rng(test_fold)
    trained_on = [index for index in range(len(collection.photos)) if collection.part(index, test_fold) == "train"]
    normal = [index for index in trained_on if collection.photos[index].label == "Normal"]
    cancer = [index for index in trained_on if collection.photos[index].label == "OSCC"]
    mosaics = {}
    for number in range(MOSAICS):
        positive = rng.integers(1, PHOTOS_IN_MOSAIC + 1) if number % 2 else 0
        chosen = [*rng.choice(cancer, positive), *rng.choice(normal, PHOTOS_IN_MOSAIC - positive)]
        tiles = np.concatenate([collection.variants[rng.integers(VARIANTS), index] for index in chosen])
        mosaics[f"mosaic {number}"] = (tiles, "OSCC" if positive else "Normal")
    return mosaics


def _row(name: str, collection: Collection, trained: Sequence[Checkpoint], options: TrainOptions) -> Row:
    chosen = max(trained, key=lambda checkpoint: _figure(checkpoint, "val"))
    evaluation = finish(evaluate_model(chosen, _bags(collection, 0).part("test"), device="cpu"))
    rotated = [_figure(trained[0], "test")] + [
        _figure(_trained(collection, fold, options), "test") for fold in range(1, FOLDS)
    ]
    return Row(
        name=name,
        figures=evaluation.summary(),
        seeds=tuple(_figure(checkpoint, "test") for checkpoint in trained),
        folds=tuple(rotated),
    )


def _colour_row(collection: Collection) -> Row:
    evaluations = [_colour_evaluation(collection, fold) for fold in range(FOLDS)]
    aucs = tuple(each.metrics.auc.value for each in evaluations)
    return Row("mean colour", evaluations[0].summary(), aucs[:1], aucs)


def _colour_evaluation(collection: Collection, test_fold: int) -> Evaluation:
    colours = np.stack([photo.pixels.reshape(-1, 3).mean(0) for photo in collection.photos])
    labels = np.array([photo.label == "OSCC" for photo in collection.photos]).astype(np.int64)
    parts = np.array([collection.part(index, test_fold) for index in range(len(labels))])
    test = np.flatnonzero(parts == "test")
    logits = colour_logits(colours[parts == "train"], labels[parts == "train"], colours[test])
    predictions = Predictions("mean colour", ("Normal", "OSCC"), labels[test], softmax(logits, axis=1))
    return evaluate(predictions, draw_resamples([collection.groups[index] for index in test]))


def _figure(checkpoint: Checkpoint, part: str) -> float:
    return float(checkpoint.record["figures"][part]["auc"])  # type: ignore[index, call-overload]


if __name__ == "__main__":
    main()
