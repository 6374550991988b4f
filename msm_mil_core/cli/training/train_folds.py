"""Several models of one training: a file each, a table of how they do, and a JSON file beside them."""

from pathlib import Path

from rich.table import Table
from rich.text import Text

from msm_mil_core.cli.console import out, print_line
from msm_mil_core.cli.progress_view import drive
from msm_mil_core.cli.training.figures import COLUMNS, cells
from msm_mil_core.cli.training.parallel_runs import train_runs
from msm_mil_core.cli.training.training_run import TrainingRun
from msm_mil_core.cohort.listing.shard import Shard
from msm_mil_core.devices import choose_devices
from msm_mil_core.export.tables.cross_validation import write_folds
from msm_mil_core.learning.dataset.bag_dataset import BagDataset
from msm_mil_core.learning.dataset.fold_options import FoldOptions
from msm_mil_core.learning.dataset.folds import Fold, lay_folds
from msm_mil_core.learning.training.cross_validation import AVERAGED, CrossValidation, FoldModel, cross_validate
from msm_mil_core.learning.training.train_options import TrainOptions
from msm_mil_core.mil.model_file.checkpoint import load_checkpoint


def train_folds(
    bags: BagDataset, options: TrainOptions, folds: FoldOptions, out_file: Path, *, overwrite: bool
) -> CrossValidation | None:
    """Train a model for each fold and seed, except those that are finished, and show how they do.

    With several devices, each trains its share of the models, one at a time. Of a share of the models nothing is shown
    until all are finished, and None is returned.
    """
    devices = _devices(options.device)
    wanted = [
        (fold, options.seed + number)
        for number in range(folds.seeds)
        for fold in lay_folds(bags, folds.folds, options.split)
    ]
    runs = [
        _run(fold, seed, options.replace(device=devices[place % len(devices)]), out_file)
        for place, (fold, seed) in enumerate(wanted)
    ]
    mine = Shard.parse(folds.shard).of(runs)
    for run in mine:
        run.check_free(overwrite=overwrite)
    unfinished = [
        [run for run in mine[place :: len(devices)] if not _is_finished(run)] for place in range(len(devices))
    ]
    _train([share for share in unfinished if share])
    if left := sum(run.finished() is None for run in runs if run not in mine):
        print_line(f"{left} of {len(runs)} models are not finished: the last share to end shows how all do")
        return None
    models = [FoldModel(fold, seed, load_checkpoint(run.model)) for (fold, seed), run in zip(wanted, runs, strict=True)]
    result = drive(cross_validate(models, options, devices[0]), "evaluate")
    write_folds(result, out_file.with_suffix(".folds.json"))
    out.print(_table(result))
    return result


def _devices(requested: str) -> list[str]:
    """Return the devices one by one; a single one as it was requested, for it is part of what a training is."""
    devices = choose_devices(requested)
    return [requested] if len(devices) == 1 else [str(device) for device in devices]


def _run(fold: Fold, seed: int, options: TrainOptions, out_file: Path) -> TrainingRun:
    which = f"fold{fold.number}.seed{seed}"
    changed = options.replace(name=f"{options.name}.{which}", seed=seed)
    return TrainingRun(fold.bags, changed, out_file.with_suffix(f".{which}{out_file.suffix}"))


def _is_finished(run: TrainingRun) -> bool:
    """Return whether nothing of a run is left to do, and say so."""
    if run.finished() is None:
        return False
    run.tidy()
    print_line(f"{run.model} is finished")
    return True


def _train(shares: list[list[TrainingRun]]) -> None:
    """Train the runs of each device."""
    runs = [run for share in shares for run in share]
    for run in runs:
        run.announce()
    if len(shares) > 1:
        drive(train_runs(shares), "train")
        return
    for run in runs:
        drive(run.train(), run.options.name)


def _table(result: CrossValidation) -> Table:
    part = result.folds[0].part
    title = f"{len(result.folds)} models on the {part} part of their folds (research use, not for diagnosis)"
    table = Table("model", "bags", *COLUMNS, title=Text(title), title_justify="left")
    for fold in result.folds:
        summary = fold.evaluation.summary()
        table.add_row(Text(fold.model.checkpoint.name), str(summary["bags"]), *cells(summary))
    averages = [result.averages[name] for name in AVERAGED]
    table.add_row("mean ± sd", "", *(f"{average.mean:.3f} ± {average.sd:.3f}" for average in averages))
    for seed, evaluation in result.pooled.items():
        summary = evaluation.summary()
        table.add_row(f"all folds together, seed {seed}", str(summary["bags"]), *cells(summary))
    return table
