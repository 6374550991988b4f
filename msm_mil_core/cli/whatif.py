"""msm-mil whatif: what the model would predict without a part of the slide, or for a part alone."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from msm_mil_core.cli.batch import print_json, print_warnings
from msm_mil_core.cli.console import out, print_line
from msm_mil_core.display.stage_style import stage_name
from msm_mil_core.explain.selection import Selection, drawn_region
from msm_mil_core.explain.selection_syntax import parse_selection
from msm_mil_core.explain.what_if import Answer, Question, Step, Verb, ask
from msm_mil_core.export.qupath.import_regions import read_regions
from msm_mil_core.export.tables.json_file import Record, head
from msm_mil_core.results.annotations import load_annotations, question_of, save_annotations
from msm_mil_core.results.result_file import load_result
from msm_mil_core.results.slide_result import SlideResult

SCHEMA = "msm-mil-answer/1"


@dataclass(frozen=True, slots=True)
class Parts:
    """The tiles to remove, and the tiles to keep."""

    remove: tuple[str, ...] = ()
    """Without these tiles: stage2 (what it claims), stage1:top5 (its top 5 %), tile17, tiles:3,4,9; may be repeated."""
    keep: tuple[str, ...] = ()
    """Only these tiles, in the same words; if repeated, only those in every selection."""
    remove_region: Path | None = None
    """Without what lies in the polygons of a GeoJSON file, as QuPath exports annotations."""
    keep_region: Path | None = None
    """Only what lies in them."""
    region_class: Annotated[tuple[str, ...], Parameter(negative="")] = ()
    """Of the polygons in these files, only those of this class (classification); may be repeated."""


def whatif(
    result: Path,
    /,
    *,
    parts: Annotated[Parts, Parameter(name="*")] = Parts(),
    name: str | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Ask the model about a part of a slide; the answer equals a run on just those tiles, and takes milliseconds.

    Parameters
    ----------
    result
        Result file (.msm.h5) of `msm-mil run` or of the napari window.
    name
        Save question and answer in the result under this name.
    as_json
        Print JSON instead of a table.
    """
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
