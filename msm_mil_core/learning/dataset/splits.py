"""Which bags a model is trained on, which choose the epoch, and which only test it."""

from collections.abc import Sequence
from typing import get_args

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from msm_mil_core.errors import TrainingError
from msm_mil_core.learning.dataset.bag_dataset import BagDataset, Indices
from msm_mil_core.learning.dataset.columns import Part
from msm_mil_core.learning.dataset.split_options import SplitOptions


def split_bags(bags: BagDataset, options: SplitOptions) -> BagDataset:
    """Give every bag its part: as the table says, and drawn by patient where it leaves that open.

    No patient is in two parts; the test part is empty where nothing is held out. Split bags stay as they are.

    Raises
    ------
    TrainingError
        If a part would lack a class.
    """
    everything, test, val = np.arange(len(bags)), bags.indices("test"), bags.indices("val")
    if bags.parts is None and options.test_share:
        test = _hold_out(bags, everything, options.test_share, options.seed)
    if not len(val):
        val = _hold_out(bags, np.setdiff1d(everything, test), options.val_share, options.seed)
    split = bags.assign(val=val, test=test)
    for name in get_args(Part):
        _check_has_all_classes(split, name)
    return split


def _hold_out(bags: BagDataset, among: Indices, share: float, seed: int) -> Indices:
    """Draw about `share` of the bags in `among`; the fold with every class on both sides, or else the first."""
    labels, patients = bags.labels[among], np.array(bags.patients)[among]
    folds = StratifiedGroupKFold(_fold_count(bags, among, share), shuffle=True, random_state=seed)
    drawn = [among[test] for _, test in folds.split(labels, labels, patients)]
    complete = (test for test in drawn if not (_lacking(bags, test) or _lacking(bags, np.setdiff1d(among, test))))
    return next(complete, drawn[0])


def _fold_count(bags: BagDataset, among: Indices, share: float) -> int:
    for index, name in enumerate(bags.classes):
        patients = {bags.patients[bag] for bag in among if bags.labels[bag] == index}
        if len(patients) < 2:
            raise TrainingError(
                f"Class {name!r} has slides of {len(patients)} patient{'' if len(patients) == 1 else 's'} to split. "
                "Add patients, or say in the table's column split which slides are train, val and test."
            )
    least = int(np.bincount(bags.labels[among]).min())
    return max(2, min(round(1 / share), least, len({bags.patients[bag] for bag in among})))


def _check_has_all_classes(bags: BagDataset, name: Part) -> None:
    part = bags.indices(name)
    lacking = _lacking(bags, part)
    if lacking and (len(part) or name != "test"):
        raise TrainingError(
            f"The part {name} has no slide of class {lacking[0]!r}. "
            "Add patients of it, or put some of its slides there in the table's column split."
        )


def _lacking(bags: BagDataset, part: Indices) -> Sequence[str]:
    return [name for index, name in enumerate(bags.classes) if index not in bags.labels[part]]
