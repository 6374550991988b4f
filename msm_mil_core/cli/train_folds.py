"""Several models of one training: a file each, a table of how they do, and a JSON file beside them."""

from pathlib import Path

from rich.table import Table
from rich.text import Text

from msm_mil_core.cli.console import drive, out, say
from msm_mil_core.cli.training_run import TrainingRun
from msm_mil_core.export.tables.cross_validation import write_folds
from msm_mil_core.learning.dataset.bag_dataset import BagDataset
from msm_mil_core.learning.dataset.folds import Fold, FoldOptions, lay_folds
from msm_mil_core.learning.evaluation.evaluate import Figures
from msm_mil_core.learning.training.cross_validation import MEASURED, CrossValidation, FoldModel, cross_validate
from msm_mil_core.learning.training.train_options import TrainOptions
from msm_mil_core.mil.checkpoint import Checkpoint


def train_folds(
    bags: BagDataset, options: TrainOptions, folds: FoldOptions, out_file: Path, *, overwrite: bool
) -> CrossValidation:
    """Train a model for each fold and seed, but those that are finished, and tell how they do."""
    laid = lay_folds(bags, folds.folds, options.split)
    seeds = [options.seed + number for number in range(folds.seeds)]
    runs = [(fold, seed, _run(fold, seed, options, out_file)) for seed in seeds for fold in laid]
    for _, _, run in runs:
        run.check_free(overwrite=overwrite)
    models = [FoldModel(fold, seed, _checkpoint(run)) for fold, seed, run in runs]
    result = drive(cross_validate(models, options), "judge")
    write_folds(result, out_file.with_suffix(".folds.json"))
    out.print(_table(result))
    return result


def _run(fold: Fold, seed: int, options: TrainOptions, out_file: Path) -> TrainingRun:
    which = f"fold{fold.number}.seed{seed}"
    changed = options.replace(name=f"{options.name}.{which}", seed=seed)
    return TrainingRun(fold.bags, changed, out_file.with_suffix(f".{which}{out_file.suffix}"))


def _checkpoint(run: TrainingRun) -> Checkpoint:
    finished = run.finished()
    if finished is not None:
        say(f"{run.model} is finished")
    return finished or run.run()


def _table(result: CrossValidation) -> Table:
    part = result.judged[0].part
    title = f"{len(result.judged)} models on the {part} part of their folds (research use, not for diagnosis)"
    table = Table("model", "bags", "AUC (95 % interval)", "balanced accuracy", "log loss", title=Text(title))
    table.title_justify = "left"
    for judged in result.judged:
        table.add_row(Text(judged.model.checkpoint.name), *_cells(judged.figures))
    spreads = [result.spreads[name] for name in MEASURED]
    table.add_row("mean ± sd", "", *(f"{spread.mean:.3f} ± {spread.sd:.3f}" for spread in spreads))
    for seed, figures in result.pooled.items():
        table.add_row(f"all folds together, seed {seed}", *_cells(figures))
    return table


def _cells(figures: Figures) -> tuple[str, ...]:
    area = f"{figures.auc:.3f} ({figures.auc_low:.3f} to {figures.auc_high:.3f})"
    return str(figures.bags), area, f"{figures.balanced_accuracy:.3f}", f"{figures.log_loss:.3f}"
