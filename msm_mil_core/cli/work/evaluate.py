"""How good models are on labelled bags: what the command evaluate does."""

from collections.abc import Sequence
from math import isnan
from pathlib import Path

from rich.table import Table
from rich.text import Text

from msm_mil_core.cli.console import out, print_line
from msm_mil_core.cli.progress_view import drive
from msm_mil_core.cli.training.evaluation_options import EvaluateOptions
from msm_mil_core.cli.training.figures import UNDEFINED, with_interval
from msm_mil_core.export.figures.evaluation import draw_evaluation
from msm_mil_core.export.tables.evaluation import write_evaluation
from msm_mil_core.learning.dataset.bag_selection import select_bags
from msm_mil_core.learning.evaluation.bootstrap import Estimate
from msm_mil_core.learning.evaluation.compare_models import ModelComparison, PairedDifference, compare_models
from msm_mil_core.learning.evaluation.compatibility import tell_other_tiles
from msm_mil_core.learning.evaluation.evaluate import Evaluation
from msm_mil_core.mil.model_file.checkpoint import load_checkpoint


def evaluate_models(bags: Path, labels: Path, model: Sequence[Path], options: EvaluateOptions) -> None:
    """Evaluate models on labelled bags, print the metrics, and write what is wanted."""
    checkpoints = [load_checkpoint(path) for path in model]
    selection = drive(select_bags(bags, labels, options.part), "evaluate")
    work = compare_models(selection, checkpoints, encoder=options.encoder, device=options.device)
    comparison = drive(work, "evaluate")
    for note in (*selection.notes, *tell_other_tiles(selection, checkpoints)):
        print_line(f"note: {note}")
    _print(comparison)
    if not selection.has_test and options.part is None:
        print_line(
            "A model may have been trained on some of these bags: split.csv in the folder of its training says which."
        )
    if options.json_file is not None:
        write_evaluation(comparison, options.json_file)
    if options.figure is not None:
        draw_evaluation(comparison, options.figure)


def _print(comparison: ModelComparison) -> None:
    out.print(_figures(comparison))
    if comparison.differences:
        out.print(_differences(comparison))
    for evaluation in comparison.evaluations:
        out.print(_confusion(evaluation))
    for note in dict.fromkeys(note for evaluation in comparison.evaluations for note in evaluation.notes):
        print_line(note)


def _figures(comparison: ModelComparison) -> Table:
    title = f"{comparison.selection.describe()} (research use, not for diagnosis)"
    table = Table("with 95 % interval", title=Text(title), title_justify="left")
    for evaluation in comparison.evaluations:
        table.add_column(Text(evaluation.predictions.title), overflow="fold")
    metrics = [evaluation.metrics for evaluation in comparison.evaluations]
    table.add_row("accuracy", *(_cell(each.accuracy) for each in metrics))
    table.add_row("balanced accuracy", *(_cell(each.balanced_accuracy) for each in metrics))
    table.add_row("macro F1", *(_cell(each.macro_f1) for each in metrics))
    table.add_row("AUC", *(_cell(each.auc) for each in metrics))
    table.add_row("log loss", *(_cell(each.log_loss) for each in metrics))
    table.add_row("ECE", *(_cell(each.ece) for each in metrics))
    return table


def _differences(comparison: ModelComparison) -> Table:
    title = f"Above {comparison.differences[0].against}, on the same bags"
    table = Table("model", "AUC", "p", "balanced accuracy", "p", title=Text(title), title_justify="left")
    for difference in comparison.differences:
        table.add_row(Text(difference.title), *_paired(difference.auc), *_paired(difference.balanced_accuracy))
    return table


def _confusion(evaluation: Evaluation) -> Table:
    table = Table("label", title=Text(f"Bags, as {evaluation.predictions.title} classifies them"), title_justify="left")
    for name in evaluation.predictions.classes:
        table.add_column(Text(name), overflow="fold")
    table.add_column("recall")
    rows = zip(evaluation.predictions.classes, evaluation.confusion, evaluation.metrics.recalls, strict=True)
    for name, bags, recall in rows:
        table.add_row(Text(name), *map(str, bags), _cell(recall))
    return table


def _paired(difference: PairedDifference) -> tuple[str, str]:
    by = difference.by
    return with_interval(by.value, by.low, by.high, "+.3f"), UNDEFINED if isnan(by.value) else f"{difference.p:.3f}"


def _cell(estimate: Estimate) -> str:
    return with_interval(estimate.value, estimate.low, estimate.high)
