"""A question about a part of a slide, and its answer: what the command whatif does."""

from pathlib import Path

from rich.table import Table

from msm_mil_core.cli.asking.whatif_parts import Parts
from msm_mil_core.cli.console import out, print_line
from msm_mil_core.cli.running.batch import print_json, print_warnings
from msm_mil_core.display.stage_style import stage_name
from msm_mil_core.explain.selections.selection import Selection, drawn_region
from msm_mil_core.explain.selections.selection_syntax import parse_selection
from msm_mil_core.explain.what_if import Answer, Question, Step, Verb, ask
from msm_mil_core.export.qupath.import_regions import read_regions
from msm_mil_core.export.tables.json_file import Record, head
from msm_mil_core.results.annotations import load_annotations, question_of, save_annotations
from msm_mil_core.results.result_file import load_result
from msm_mil_core.results.slide_result import SlideResult

SCHEMA = "msm-mil-answer/1"


def ask_result(result: Path, parts: Parts, name: str | None, *, as_json: bool) -> int:
    """Ask the model of a result about a part of its slide, print the answer, and save it under a name."""
    read = load_result(result)
    tile_outputs = read.require_tile_outputs()
    question = Question(steps=_steps(parts, read), name=name or "")
    answer = ask(tile_outputs, read.tiles, read.prediction, question)
    if name is not None:
        save_annotations(load_annotations(result).with_question(question_of(answer)), result)
    if as_json:
        print_json(result, read, _record(answer))
    else:
        _print(answer)
        print_warnings(read)
    return 0


def _steps(parts: Parts, result: SlideResult) -> tuple[Step, ...]:
    named: list[tuple[Verb, Selection]] = [("keep", parse_selection(word)) for word in parts.keep]
    named += [("remove", parse_selection(word)) for word in parts.remove]
    if parts.keep_region is not None:
        named.append(("keep", _region(parts.keep_region, parts, result)))
    if parts.remove_region is not None:
        named.append(("remove", _region(parts.remove_region, parts, result)))
    return tuple(Step(verb=verb, selection=selection) for verb, selection in named)


def _region(path: Path, parts: Parts, result: SlideResult) -> Selection:
    regions = read_regions(path, result.slide, classes=parts.region_class)
    return drawn_region(regions.polygons, f"the regions of {path.name}")


def _record(answer: Answer) -> Record:
    before, after = answer.before, answer.after
    return {
        **head(SCHEMA),
        "question": str(answer.question),
        "tiles": len(answer.kept),
        "left": int(answer.kept.sum()),
        "before": dict(zip(before.classes, before.probabilities.tolist(), strict=True)),
        "after": dict(zip(after.classes, after.probabilities.tolist(), strict=True)),
        "flipped": answer.flipped,
        "stage_weights_before": [stage.beta for stage in before.stages],
        "stage_weights_after": [stage.beta for stage in after.stages],
        "sentence": str(answer),
    }


def _print(answer: Answer) -> None:
    print_line(str(answer))
    table = Table("", "before", "after")
    for name, was, now in zip(
        answer.before.classes, answer.before.probabilities, answer.after.probabilities, strict=True
    ):
        table.add_row(f"P({name})", f"{was:.3f}", f"{now:.3f}")
    for index, (was, now) in enumerate(zip(answer.before.stages, answer.after.stages, strict=True)):
        table.add_row(f"weight of {stage_name(index).lower()}", f"{was.beta:.3f}", f"{now.beta:.3f}")
    out.print(table)
