"""msm-mil train: bags of features and their labels in, one model out, or several for cross-validation."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from msm_mil_core.cli.inputs import require_bags
from msm_mil_core.cli.training.ending_options import EndingOptions
from msm_mil_core.learning.dataset.fold_options import FoldOptions
from msm_mil_core.learning.training.train_options import TrainOptions
from msm_mil_core.mil.model_file.checkpoint_name import check_checkpoint_name


def train(
    bags: Path,
    /,
    *,
    labels: Path,
    out_file: Annotated[Path, Parameter(name="--out")],
    ending: Annotated[EndingOptions, Parameter(name="*")] = EndingOptions(),
    options: Annotated[TrainOptions, Parameter(name="*")] = TrainOptions(),
    folds: Annotated[FoldOptions, Parameter(name="*")] = FoldOptions(),
) -> int:
    """Train a model on bags of features, write a checkpoint, and print how it does on bags it was not trained on.

    The bags and labels are checked first, as by msm-mil check.

    A single training ends with a table: the model, gated ABMIL and the mean of tiles, trained on the same split in the
    same way, and a ridge regression on mean features, all on the same held-out bags with 95 % intervals; and one
    sentence that says whether the stages earned their keep. It is recorded in baselines.json in the folder below, and
    takes about as long again as the training; --no-baselines leaves it out.

    A folder beside the model, OUT with the suffix .run, holds the options, the split, the curves (CSV and PNG) and
    the state of the training: after an interruption at any moment, the same command continues to the same model. If
    that is finished, the command says so. While one process trains to OUT, no other one can.

    With --folds or --seeds, several models are trained: OUT with .fold1.seed0, .fold2.seed0 and so on before its
    suffix, each with its own folder; those that are finished are not trained again. With several devices
    (--device cuda:0,cuda:1), each trains its share of these models. OUT with the suffix .folds.json records how each
    model does on the bags of its fold that it was not trained on, and how they do together.

    Parameters
    ----------
    bags
        Folder of feature files (HDF5): ours, TRIDENT's, CLAM's or STAMP's.
    labels
        CSV with the columns slide and label, and, if you have them, patient and split (train, val, test).
    out_file
        The model to write, a .safetensors file.
    """
    check_checkpoint_name(out_file)
    require_bags(bags, labels)
    from msm_mil_core.cli.work.train import train_models

    return train_models(bags, labels, out_file, ending, options, folds)
