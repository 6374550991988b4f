"""msm-mil explain: what each mask stage is for, whether it matters where it attends, and which tiles decide."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from msm_mil_core.cli.batch import each_result, finish, finish_json, print_json, print_warnings
from msm_mil_core.cli.console import drive, out, print_line
from msm_mil_core.display.stage_style import stage_name
from msm_mil_core.explain.examination import Examination, ExamineOptions, examine
from msm_mil_core.explain.faithfulness import Curve
from msm_mil_core.export.tables.examination import examination_json
from msm_mil_core.export.tables.roles import answer_roles
from msm_mil_core.results.slide_result import SlideResult


def explain(
    results: list[Path],
    /,
    *,
    options: Annotated[ExamineOptions, Parameter(name="*")] = ExamineOptions(),
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Examine results: role, faithfulness and stability of each stage, and small sets of tiles that decide.

    Neither slide nor model is needed: a result stores what the model computed of each tile.

    Parameters
    ----------
    results
        Result files (.msm.h5) of `msm-mil run` or of the napari window.
    as_json
        Print one line of JSON a result instead of sentences and a table.
    """

    def explain_one(path: Path, result: SlideResult) -> None:
        examination = _examine(result, options)
        if as_json:
            print_json(path, result, examination_json(examination, answer_roles(result)))
        else:
            _print(result, examination)

    done = each_result(results, explain_one)
    return finish_json(done) if as_json else finish(done)


def _examine(result: SlideResult, options: ExamineOptions) -> Examination:
    return drive(examine(result.require_tile_outputs(), options), result.slide.name)


def _print(result: SlideResult, examination: Examination) -> None:
    faithfulness = examination.faithfulness
    print_line(f"{result.slide.name}: {faithfulness.answer}, probability {faithfulness.before:.3f}")
    for sentence in (*answer_roles(result).sentences, *examination.sentences):
        print_line(sentence)
    out.print(_table(examination))
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
