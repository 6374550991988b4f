"""The classical benchmarks of multiple-instance learning: molecules, animals, and breast cancer of UCSB.

Dietterich et al. 1997 (musk), Andrews et al. 2003 (elephant, fox, tiger), Kandemir et al. 2014 (UCSB breast).
"""

from pathlib import Path

import numpy as np

from examples.benchmarks.tasks.task import Task, folds_by_group, stratified_folds

CLASSICAL = ("musk1", "musk2", "fox", "tiger", "elephant")
FOLDS = 10


def read_classical(data: Path, name: str, repeat: int) -> Task:
    """Read one of the five sets, or UCSB breast with 708 hand-crafted features, in ten folds."""
    with np.load(data / "bags" / f"{name}.npz") as file:
        features, bag, labels = file["features"].astype(np.float32), file["bag"], file["label"].astype(np.int64)
    names = np.unique(bag)
    groups = tuple(map(str, names))
    return Task(
        name=name,
        bags=tuple(features[bag == one] for one in names),
        labels=labels,
        groups=groups,
        folds=stratified_folds(labels, groups, FOLDS, repeat),
        components=128 if features.shape[1] > 500 else None,
    )


def read_ucsb_tma(data: Path, repeat: int) -> Task:
    """Read the 58 images of UCSB breast as bags of 16 encoded tiles; each tissue microarray is left out once."""
    with np.load(data / "bags" / "ucsb_efficientnet_lite0_bags.npz") as file:
        features, labels, groups = file["X"].astype(np.float32), file["y"].astype(np.int64), file["group"]
    return Task(
        name="ucsb-tma",
        bags=tuple(features),
        labels=labels,
        groups=tuple(map(str, groups)),
        folds=folds_by_group(labels, tuple(map(str, groups)), repeat),
        components=128,
        pooled=True,
    )
