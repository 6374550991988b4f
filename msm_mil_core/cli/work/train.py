"""Bags and their labels in, models out: what the command train does."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from msm_mil_core.atomic_write import check_writable
from msm_mil_core.cli.console import out, print_line
from msm_mil_core.cli.outputs import check_free
from msm_mil_core.cli.progress_view import drive
from msm_mil_core.cli.training.ending_options import EndingOptions
from msm_mil_core.cli.training.figures import COLUMNS, above, cells
from msm_mil_core.cli.training.held import held
from msm_mil_core.cli.training.train_folds import train_folds
from msm_mil_core.cli.training.training_run import TrainingRun, run_folder
from msm_mil_core.cli.work.check import print_report
from msm_mil_core.cohort.listing.shard import Shard
from msm_mil_core.export.tables.baselines import read_baselines
from msm_mil_core.learning.dataset.bag_dataset import open_bag_dataset
from msm_mil_core.learning.dataset.fold_options import FoldOptions
from msm_mil_core.learning.dataset.origin import Origin
from msm_mil_core.learning.dataset.validation import validate_bags
from msm_mil_core.learning.training.bags_per_step import resolved
from msm_mil_core.learning.training.train import tile_origin, training_device
from msm_mil_core.learning.training.train_options import TrainOptions
from msm_mil_core.mil.model_file.checkpoint import Checkpoint


def train_models(
    bags: Path, labels: Path, out_file: Path, ending: EndingOptions, options: TrainOptions, folds: FoldOptions
) -> int:
    """Train one model or several, and print how they do."""
    overwrite = ending.overwrite
    if not folds.several:
        check_free(out_file, overwrite=overwrite or run_folder(out_file).is_dir())  # more is known once bags are read
        training_device(options.device)
    check_writable(out_file.parent)
    if "name" not in options.model_fields_set:
        options = options.replace(name=out_file.stem)
    whole = Shard.parse(folds.shard).count == 1  # of shares each model is held for itself, while it is trained
    with held(out_file, "is being trained") if whole else nullcontext():
        told = Origin(encoder=options.encoder, side_px=options.side_px, mpp=options.mpp)
        report = drive(validate_bags(bags, labels, options.split, folds, told), "check")
        print_report(report)
        report.require_valid()
        dataset = drive(open_bag_dataset(bags, labels), "check")
        tile_origin(dataset, options)
        options = resolved(options, dataset)
        if folds.several:
            if train_folds(dataset, options, folds, out_file, overwrite=overwrite):
                print_line(f"wrote {out_file.with_suffix('.folds.json')} and the models beside it")
        else:
            _train_one(TrainingRun(dataset, options, out_file, ending.baselines), bags, overwrite=overwrite)
    return 0


def _train_one(run: TrainingRun, bags: Path, *, overwrite: bool) -> None:
    """Train one model, unless this same training has ended with it, and show how it does."""
    begun = run.state.exists()
    checkpoint = None if overwrite and not begun else run.finished()
    check_free(run.model, overwrite=overwrite or begun or checkpoint is not None)
    if checkpoint is None:
        run.announce()
        checkpoint = drive(run.train(), run.options.name)
    else:
        print_line(f"{run.model} is finished")
    run.tidy()
    out.print(_table(checkpoint))
    if run.baselines:
        _print_baselines(run, checkpoint)
    print_line(f"wrote {run.model}; use it with: msm-mil run SLIDE --model {run.model}")
    print_line(f"evaluate it with: msm-mil evaluate {bags} --labels {run.split} --model {run.model}")


def _table(checkpoint: Checkpoint) -> Table:
    record: dict[str, Any] = dict(checkpoint.record)
    title = f"{checkpoint.name}, epoch {record['best_epoch']} (research use, not for diagnosis)"
    table = Table("part", "bags", "patients", *COLUMNS, title=title, title_justify="left")
    for part, size in record["split"].items():
        figures = record["figures"].get(part)
        table.add_row(part, str(size["bags"]), str(size["patients"]), *(cells(figures) if figures else ()))
    return table


def _print_baselines(run: TrainingRun, checkpoint: Checkpoint) -> None:
    """Print the comparison with simpler models; make it first, if the model was finished without it."""
    if read_baselines(run.comparison, checkpoint.sha256) is None:
        drive(run.compare(checkpoint), run.options.name)
    record: Any = read_baselines(run.comparison, checkpoint.sha256)
    bags = record["model"]["figures"]["bags"]
    title = f"Beside simpler models, on the {bags} bags of the {record['part']} part (research use, not for diagnosis)"
    table = Table("model", *COLUMNS, "model minus this one, AUC", title=title, title_justify="left")
    table.add_row(Text(record["model"]["model"]), *cells(record["model"]["figures"]), "")
    for one in record["baselines"]:
        table.add_row(Text(one["model"]), *cells(one["figures"]), above(one["difference"]["auc"]))
    out.print(table)
    if record["sentence"]:
        print_line(record["sentence"])
