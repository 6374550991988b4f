"""Labelled bags for tests: in memory, in files, and the options that train on them quickly."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np

from msm_mil_core.bags.bag import EncoderCard, FeatureBag
from msm_mil_core.bags.bag_file import save_bag
from msm_mil_core.bags.feature_table import table_of
from msm_mil_core.learning.dataset.bag_dataset import BagDataset, label_bags
from msm_mil_core.learning.dataset.origin import Origin
from msm_mil_core.learning.training.model_changes import ModelChanges
from msm_mil_core.learning.training.train_options import TrainOptions
from msm_mil_core.slides.slide import SlideFacts
from msm_mil_core.slides.tiling.tiles import TileGrid

ORIGIN = Origin(encoder="efficientnet-lite0", encoder_sha256="5f2a", side_px=96, mpp=0.52)
CARD = EncoderCard("timm:resnet18", 6, 224, None, "Apache-2.0", "5f2a")
P = 6
"""Features of a tile."""
SPOILED = "s39"


def labelled(features: Mapping[str, np.ndarray], labels: Sequence[str], origin: Origin = ORIGIN, **more) -> BagDataset:
    """Bags in memory."""
    return label_bags({name: table_of(tiles) for name, tiles in features.items()}, labels, origin, **more)


def two_kinds_of_bags(count: int = 40, seed: int = 0, origin: Origin = ORIGIN, spoiled: str = "") -> BagDataset:
    """Bags of 8 to 15 tiles of noise; a few tiles of the positive ones stand out in one feature."""
    rng = np.random.default_rng(seed)
    bags, labels = {}, []
    for number in range(count):
        tiles = rng.normal(size=(rng.integers(8, 16), P)).astype(np.float32)
        if number % 2:
            tiles[:3, 0] += 6
        if f"s{number}" == spoiled:
            tiles[0, 0] = np.nan
        bags[f"s{number}"] = tiles
        labels.append("tumour" if number % 2 else "normal")
    return labelled(bags, labels, origin)


def some_options(**changes) -> TrainOptions:
    """A small model and a quick training."""
    small = ModelChanges(hidden=8, attention=4, k=2, standardise=True)
    defaults = {"model": small, "epochs": 16, "learning_rate": 0.03, "bags_per_step": 4, "device": "cpu"}
    return TrainOptions(**(defaults | changes))


def a_feature_file(path: Path, tiles: int = 3, features: int = 4, fill: float | None = None) -> Path:
    """Write a file as TRIDENT writes it."""
    rng = np.random.default_rng(tiles)
    values = rng.normal(size=(tiles, features)).astype(np.float32) if fill is None else np.full((tiles, features), fill)
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file["features"] = values.astype(np.float32)
        file["features"].attrs["encoder"] = "timm:resnet18"
        file["coords"] = np.stack([np.arange(tiles) * 256, np.zeros(tiles)], 1).astype(np.int64)
        file["coords"].attrs.update({"patch_size": 224, "patch_size_level0": 256})
    return path


def an_encoded_slide(path: Path, number: int, mpp: float = 0.5) -> None:
    """Write a small bag as msm-mil encode writes it."""
    features = np.random.default_rng(number).normal(number % 2, 1, (9, 6)).astype(np.float32)
    xy_px0 = np.stack(np.divmod(np.arange(9), 3), 1) * 224
    facts = SlideFacts(
        name=path.stem,
        path="",
        size_px0=(672, 672),
        mpp=mpp,
        mpp_origin="file",
        origin_px0=(0, 0),
        extent_px0=(672, 672),
        quick_hash="",
    )
    save_bag(FeatureBag(features, TileGrid(xy_px0, 224, 224, mpp), facts, CARD), path)


def a_table(path: Path, lines: Sequence[str]) -> Path:
    """Write a table of labels."""
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


TOLD = ["--encoder", "efficientnet-lite0", "--side-px", "64", "--mpp", "1", "--device", "cpu"]
QUICK = ["--epochs", "2", "--learning-rate", "0.02", "--bags-per-step", "4", "--model.hidden", "4"]


def a_training_folder(folder: Path, count: int = 24, seed: int = 0) -> list[str]:
    """Write feature files and their table, and return the words that train on them."""
    rng, rows = np.random.default_rng(seed), ["slide,label"]
    folder.mkdir(exist_ok=True)
    for number in range(count):
        with h5py.File(folder / f"case{number}.h5", "w") as file:
            file["features"] = rng.normal(number % 2, 1, (12, 6)).astype(np.float32)
        rows.append(f"case{number},{('benign', 'malignant')[number % 2]}")
    (folder / "labels.csv").write_text("\n".join(rows))
    return ["train", str(folder), "--labels", str(folder / "labels.csv"), *TOLD, *QUICK]
