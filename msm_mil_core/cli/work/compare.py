"""How far the mask stages of results attend to different tissue: what the command compare does."""

from collections.abc import Sequence
from math import isnan
from pathlib import Path

from rich.table import Table
from rich.text import Text

from msm_mil_core.cli.console import out, print_line
from msm_mil_core.cli.progress_view import drive
from msm_mil_core.cli.running.batch import each_result, finish, finish_json, print_json, print_warnings
from msm_mil_core.display.stage_style import stage_name
from msm_mil_core.explain.comparison_options import CompareOptions
from msm_mil_core.explain.coverage import CoverageStep, saturated_from
from msm_mil_core.explain.stage_comparison import Range, StageComparison, StagePair, compare_stages
from msm_mil_core.export.tables.comparison import NOTE, comparison_json, write_comparison_csv
from msm_mil_core.export.tables.roles import AnswerRoles, answer_roles
from msm_mil_core.results.slide_result import SlideResult

UNDEFINED = "-"


def compare_results(results: Sequence[Path], options: CompareOptions, csv_file: Path | None, *, as_json: bool) -> int:
    """Compare the stages of each result, show or write what was found, and return the exit code."""

    def compare_one(path: Path, result: SlideResult) -> None:
        comparison, roles = _compare(result, options), answer_roles(result)
        if csv_file is not None:
            write_comparison_csv(comparison, roles, csv_file)
        if as_json:
            print_json(path, result, comparison_json(comparison, roles))
        else:
            _print(result, comparison, roles)

    done = each_result(results, compare_one)
    if as_json:
        return finish_json(done)
    if csv_file is not None:
        print_line(f"wrote {csv_file}")
    return finish(done)


def _compare(result: SlideResult, options: CompareOptions) -> StageComparison:
    return drive(compare_stages(result.prediction, result.tiles, result.slide.mpp, options), result.slide.name)


def _print(result: SlideResult, comparison: StageComparison, roles: AnswerRoles) -> None:
    if comparison.pairs:
        out.print(_table(result, comparison))
    else:
        print_line(f"{result.slide.name}: the model has one stage, so there is nothing to compare.")
    for step in comparison.coverage:
        print_line(_sentence(step, comparison.options.top_percent))
    saturated = saturated_from(comparison.coverage)
    if saturated is not None:
        print_line(f"From stage {saturated + 1} on, no stage adds tissue to the earlier ones.")
    for sentence in roles.sentences:
        print_line(sentence)
    if result.prediction.masks_applied:
        print_line(NOTE)
    print_warnings(result)


def _table(result: SlideResult, comparison: StageComparison) -> Table:
    unit = "µm" if result.slide.mpp is not None else "level-0 pixels"
    title = f"{result.slide.name}, top {comparison.options.top_percent:g} % of each stage; in brackets 95 % of chance"
    table = Table("stages", "overlap", "rank correlation", f"distance, {unit}", title=Text(title), title_justify="left")
    for pair in comparison.pairs:
        table.add_row(*_cells(pair))
    return table


def _cells(pair: StagePair) -> tuple[str, ...]:
    distance = (pair.distance_um, pair.distance_um_chance_range)
    if isnan(pair.mpp):
        distance = (pair.distance_px0, pair.distance_px0_chance_range)
    return (
        f"{pair.one + 1} and {pair.other + 1}",
        _beside_chance(pair.overlap, pair.overlap_chance_range, ".3f"),
        _beside_chance(pair.rank_correlation, pair.rank_correlation_chance_range, "+.3f"),
        _beside_chance(*distance, ",.0f"),
    )


def _beside_chance(figure: float, by_chance: Range, form: str) -> str:
    if isnan(figure):
        return UNDEFINED
    low, high = (format(end, form) for end in by_chance)
    return f"{figure:{form}} ({low} to {high})"


def _sentence(step: CoverageStep, top_percent: float) -> str:
    name = stage_name(step.stage)
    if step.stage == 0:
        return f"{name}: its top {top_percent:g} % are {_tiles(step.tiles, step.area_mm2)}."
    chance = f"a random claim would add {step.by_chance_new_tiles:,.1f}"
    return f"{name} adds {_tiles(step.new_tiles, step.new_area_mm2)} of its {step.tiles:,}; {chance}."


def _tiles(count: int, mm2: float) -> str:
    tiles = f"{count:,} tile{'' if count == 1 else 's'}"
    return tiles if isnan(mm2) else f"{tiles} ({mm2:,.2f} mm²)"
