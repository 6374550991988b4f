"""msm-mil check: everything that is wrong with bags and labels, before training."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from msm_mil_core.cli.inputs import require_bags
from msm_mil_core.cli.training.check_options import CheckOptions
from msm_mil_core.learning.dataset.fold_options import FoldOptions
from msm_mil_core.learning.dataset.split_options import SplitOptions


def check(
    bags: Path,
    /,
    *,
    labels: Path,
    options: Annotated[CheckOptions, Parameter(name="*")] = CheckOptions(),
    split: SplitOptions = SplitOptions(),
    folds: Annotated[FoldOptions, Parameter(name="*")] = FoldOptions(),
) -> int:
    """Check bags of features and their labels as train does, and report everything that is wrong with them at once.

    The exit code is 2 if something stops training.

    Parameters
    ----------
    bags
        Folder of feature files (HDF5): ours, TRIDENT's, CLAM's or STAMP's.
    labels
        CSV with the columns slide and label, and, if you have them, patient and split (train, val, test).
    """
    require_bags(bags, labels)
    from msm_mil_core.cli.work.check import check_bags

    return check_bags(bags, labels, options, split, folds)
