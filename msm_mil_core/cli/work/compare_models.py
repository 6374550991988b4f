"""How far several models look alike on one slide: what the command compare does with --against."""

from collections.abc import Sequence
from math import isnan
from pathlib import Path

from rich.table import Table
from rich.text import Text

from msm_mil_core.cli.console import out, print_line
from msm_mil_core.cli.running.batch import print_json, print_warnings
from msm_mil_core.explain.comparison_options import CompareOptions
from msm_mil_core.explain.models.model_comparison import ModelComparison, compare_models
from msm_mil_core.export.tables.models import models_json, write_models_csv
from msm_mil_core.results.result_file import load_result
from msm_mil_core.results.same_slide import known_by_name, model_views, require_same_slide


def compare_against(
    path: Path, others: Sequence[Path], options: CompareOptions, csv_file: Path | None, *, as_json: bool
) -> int:
    """Compare one result with others of its slide, show or write what was found, and return the exit code."""
    first = load_result(path)
    results = [first, *map(load_result, others)]
    for other, file in zip(results[1:], others, strict=True):
        require_same_slide(first, other, file)
    comparison = compare_models(model_views(results, [path, *others]), options.top_percent)
    if csv_file is not None:
        write_models_csv(comparison, csv_file)
    if as_json:
        print_json(path, first, models_json(comparison))
        return 0
    _print(first.slide.name, comparison)
    for said in filter(None, dict.fromkeys(known_by_name(first, other) for other in results[1:])):
        print_line(said)
    print_warnings(first)
    if csv_file is not None:
        print_line(f"wrote {csv_file}")
    print_line("Research use, not for diagnosis.")
    return 0


def _print(slide: str, comparison: ModelComparison) -> None:
    said = Table("model", "answer", "probability", "what is compared", title=Text(slide), title_justify="left")
    for model in comparison.models:
        prediction = model.view.prediction
        said.add_row(*map(Text, (model.view.name, prediction.winner, f"{model.probability:.3f}", model.looked_at)))
    out.print(said)
    title = f"top {comparison.top_percent:g} % of each; in brackets the mean by chance"
    pairs = Table("models", "overlap", "rank correlation", title=title, title_justify="left")
    for pair in comparison.pairs:
        names = " and ".join(comparison.models[at].view.name for at in (pair.one, pair.other))
        overlap = "-" if isnan(pair.overlap) else f"{pair.overlap:.3f} ({pair.overlap_by_chance:.3f})"
        pairs.add_row(Text(names), overlap, "-" if isnan(pair.rank_correlation) else f"{pair.rank_correlation:+.3f}")
    out.print(pairs)
    for sentence in comparison.sentences[1:]:  # the first says what the table says
        print_line(sentence)
