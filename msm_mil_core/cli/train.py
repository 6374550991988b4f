"""msm-mil train: bags of features and their labels in, one model out, or several with the folds they are judged on."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.table import Table

from msm_mil_core.atomic_write import check_writable
from msm_mil_core.cli.check import tell_report
from msm_mil_core.cli.console import drive, out, say
from msm_mil_core.cli.train_folds import train_folds
from msm_mil_core.cli.training_run import TrainingRun
from msm_mil_core.errors import CheckpointError, OutputError
from msm_mil_core.learning.dataset.bag_dataset import read_bag_dataset
from msm_mil_core.learning.dataset.folds import FoldOptions
from msm_mil_core.learning.dataset.validation import validate_bags
from msm_mil_core.learning.training.train_options import TrainOptions
from msm_mil_core.mil.checkpoint import SUFFIX, Checkpoint


def train(
    bags: Path,
    /,
    *,
    labels: Path,
    out_file: Annotated[Path, Parameter(name="--out")],
    overwrite: bool = False,
    options: Annotated[TrainOptions, Parameter(name="*")] = TrainOptions(),
    folds: Annotated[FoldOptions, Parameter(name="*")] = FoldOptions(),
) -> int:
    """Train a model on bags of features; write a checkpoint and print how it does on the bags it has not seen.

    First it tells what is wrong with the bags and labels, as msm-mil check does.

    A folder beside the model, OUT with the suffix .run, keeps the options, the split, the curves (CSV and PNG) and
    where the training stands: the same command again, after a kill at any moment, goes on and comes to the same model.

    With --folds or --seeds there are several models, OUT with .fold1.seed0, .fold2.seed0 and so on before its suffix,
    each with a folder of its own; those that are finished are not trained again. OUT with the suffix .folds.json
    tells how each of them does on the bags of its fold that it has not seen, and how they do together.

    Parameters
    ----------
    bags
        Folder of feature files (HDF5): ours, TRIDENT's, CLAM's or STAMP's.
    labels
        CSV with the columns slide and label, and, if you have them, patient and split (train, val, test).
    out_file
        The model to write, a .safetensors file.
    overwrite
        Replace a model that exists already.
    """
    _check_name(out_file)
    if not folds.several and out_file.exists() and not overwrite:
        raise OutputError(f"{out_file} exists already; use --overwrite or another name.")
    check_writable(out_file.parent)
    if "name" not in options.model_fields_set:
        options = options.replace(name=out_file.stem)
    report = drive(validate_bags(bags, labels, options.split, folds, options.encoder), "check")
    tell_report(report)
    report.require_sound()
    bagset = read_bag_dataset(bags, labels)
    if folds.several:
        train_folds(bagset, options, folds, out_file, overwrite=overwrite)
        say(f"wrote {out_file.with_suffix('.folds.json')} and the models beside it")
        return 0
    run = TrainingRun(bagset, options, out_file)
    out.print(_table(run.run()))
    say(f"wrote {out_file}; use it with: msm-mil run SLIDE --model {out_file}")
    say(f"judge it with: msm-mil evaluate {bags} --labels {run.split} --model {out_file}")
    return 0


def _check_name(path: Path) -> None:
    if path.suffix != SUFFIX:
        raise CheckpointError(f"Cannot save a model as {path}: name it {path.with_suffix(SUFFIX).name}.")


def _table(checkpoint: Checkpoint) -> Table:
    record: dict[str, Any] = dict(checkpoint.record)
    title = f"{checkpoint.name}, epoch {record['best_epoch']} (research use, not for diagnosis)"
    head = ("part", "bags", "patients", "AUC", "balanced accuracy", "log loss")
    table = Table(*head, title=title, title_justify="left")
    for part, size in record["split"].items():
        figures = record["figures"].get(part)
        table.add_row(part, str(size["bags"]), str(size["patients"]), *(_told(figures) if figures else ()))
    return table


def _told(figures: dict[str, float]) -> tuple[str, str, str]:
    auc = f"{figures['auc']:.3f} ({figures['auc_low']:.3f} to {figures['auc_high']:.3f})"
    return auc, f"{figures['balanced_accuracy']:.3f}", f"{figures['log_loss']:.3f}"
