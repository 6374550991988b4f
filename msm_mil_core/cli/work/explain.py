"""What each mask stage is for, and which tiles decide: what the command explain does."""

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from msm_mil_core.cli.console import out, print_line, printable
from msm_mil_core.cli.progress_view import drive
from msm_mil_core.cli.running.batch import each_result, finish, finish_json, print_json, print_warnings
from msm_mil_core.display.stage_style import stage_name
from msm_mil_core.explain.examination import Examination, examine
from msm_mil_core.explain.examination_options import ExamineOptions
from msm_mil_core.explain.faithfulness import Curve
from msm_mil_core.explain.localisation import Localisation, localise
from msm_mil_core.export.qupath.import_truth import read_truth
from msm_mil_core.export.tables.examination import examination_json
from msm_mil_core.export.tables.localisation import localisation_json
from msm_mil_core.export.tables.roles import answer_roles
from msm_mil_core.results.slide_result import SlideResult


def explain_results(results: Sequence[Path], options: ExamineOptions, truth: Path | None, *, as_json: bool) -> int:
    """Examine each result, print what was found, and return the exit code."""

    def explain_one(path: Path, result: SlideResult) -> None:
        found = None if truth is None else localise(result.prediction, result.tiles, read_truth(truth, result.slide))
        examination = _examine(result, options)
        if as_json:
            told = examination_json(examination, answer_roles(result))
            print_json(path, result, told | ({} if found is None else localisation_json(found)))
        else:
            _print(result, examination, found)

    done = each_result(results, explain_one)
    return finish_json(done) if as_json else finish(done)


def _examine(result: SlideResult, options: ExamineOptions) -> Examination:
    return drive(examine(result.require_tile_outputs(), options), result.slide.name)


def print_localisation(found: Localisation) -> None:
    """Print how well each map points at known areas: in words, and as a table that marks what each should find."""
    tiles = ", ".join(f"{count:,} in {name}" for name, count in zip(found.targets, found.counts, strict=True))
    print_line(
        f"How well each map finds the known areas, tile by tile ({tiles}, of {found.tiles:,}). AUC: how often a tile "
        "inside is ranked above a tile outside. 1 is always, 0.5 is guessing, below that the map points elsewhere."
    )
    table = Table("map", *map(printable, found.targets), title="AUC; * what the map should find", title_justify="left")
    for score in found.maps:
        marks = ("*" if place == score.target else " " for place in range(len(score.aucs)))
        cells = (f"{auc:.3f}{mark}" for auc, mark in zip(score.aucs, marks, strict=True))
        table.add_row(printable(score.title), *cells)
    out.print(table)


def _print(result: SlideResult, examination: Examination, found: Localisation | None) -> None:
    faithfulness = examination.faithfulness
    print_line(f"{result.slide.name}: {faithfulness.answer}, probability {faithfulness.before:.3f}")
    for sentence in (*answer_roles(result).sentences, *examination.sentences):
        print_line(sentence)
    out.print(_table(examination))
    if found is not None:
        print_localisation(found)
    print_warnings(result)
    print_line("Research use, not for diagnosis.")


def _table(examination: Examination) -> Table:
    faithfulness = examination.faithfulness
    title = "areas under the curves of the answer's probability (deletion: low is faithful; insertion: high is)"
    table = Table("order of", "deletion", "insertion", "rank stability", "same claims", title=title)
    table.title_justify = "left"
    for curve in faithfulness.curves:
        table.add_row(*_areas(examination, curve), *_stable(examination, curve))
    table.add_row(*_areas(examination, faithfulness.random), "", "")
    return table


def _areas(examination: Examination, curve: Curve) -> tuple[str, ...]:
    faithfulness = examination.faithfulness
    deletion, insertion = faithfulness.deletion_area(curve), faithfulness.insertion_area(curve)
    if curve is faithfulness.random:
        spreads = curve.deletion_area_sd, curve.insertion_area_sd
        return "random", f"{deletion:.3f} ± {spreads[0]:.3f}", f"{insertion:.3f} ± {spreads[1]:.3f}"
    name = "all stages" if curve.stage is None else stage_name(curve.stage)
    return name, f"{deletion:.3f}", f"{insertion:.3f}"


def _stable(examination: Examination, curve: Curve) -> tuple[str, str]:
    if curve.stage is None:
        return "", ""
    stage = examination.stability.stages[curve.stage]
    return f"{stage.rank_correlation:.3f}", f"{stage.same_claims:.3f}"
