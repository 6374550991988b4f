"""Many slides in one call: if one fails, the others continue."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from rich.table import Table

from msm_mil_core.cli.console import out, print_line, printable
from msm_mil_core.errors import MsmMilError, OutputError, ResultError
from msm_mil_core.export.tables.json_file import Record
from msm_mil_core.results.annotations import Annotations, load_annotations
from msm_mil_core.results.result_file import load_result
from msm_mil_core.results.slide_result import SlideResult

Noun = TypeVar("Noun")


@dataclass(frozen=True, slots=True)
class Batch(Generic[Noun]):
    """The outcome for each slide."""

    good: dict[Path, Noun]
    failed: dict[Path, MsmMilError]

    def exit_code(self) -> int:
        """Return 0 if none failed, 1 if some did, 2 if all did."""
        if not self.failed:
            return 0
        return 1 if self.good else 2


def each_slide(slides: Sequence[Path], work: Callable[[Path], Noun]) -> Batch[Noun]:
    """Do the work for each slide; an error that a user can correct is recorded, and the next slide follows.

    Raises
    ------
    MsmMilError
        If it is the only slide that fails.
    """
    batch: Batch[Noun] = Batch(good={}, failed={})
    if len(slides) == 1:
        return Batch(good={slides[0]: work(slides[0])}, failed={})
    for slide in slides:
        try:
            batch.good[slide] = work(slide)
        except MsmMilError as exc:
            batch.failed[slide] = exc
    return batch


def each_result(results: Sequence[Path], work: Callable[[SlideResult], Noun]) -> Batch[tuple[SlideResult, Noun]]:
    """Read each result file, and do the work for what it holds; errors are treated as by `each_slide`."""

    def of_one(path: Path) -> tuple[SlideResult, Noun]:
        result = load_result(path)
        return result, work(result)

    return each_slide(results, of_one)


def print_failed(batch: Batch[Noun]) -> None:
    """Print a table of the slides that failed and why."""
    if not batch.failed:
        return
    table = Table("failed", "why", title_justify="left", style="red")
    for path, why in batch.failed.items():
        table.add_row(printable(path.name), printable(str(why)))
    out.print(table)


def print_json(done: Batch[tuple[SlideResult, Noun]], record: Callable[[Noun], Record]) -> None:
    """Print one line of JSON for each result, with an "error" for each that failed: all of it can be parsed."""
    for path, (result, noun) in done.good.items():
        print(json.dumps({"result": str(path), "slide": result.slide.name} | record(noun), allow_nan=False))
    for path, why in done.failed.items():
        print(json.dumps({"result": str(path), "error": str(why)}))


def check_free(path: Path, *, overwrite: bool, instead: str = "another name") -> None:
    """Refuse to overwrite a file, unless that was requested.

    Raises
    ------
    OutputError
        If it exists; the message names what to choose instead.
    """
    if path.exists() and not overwrite:
        raise OutputError(f"{path} already exists; use --overwrite or {instead}.")


def output_paths(inputs: Sequence[Path], folder: Path, suffix: str) -> dict[Path, Path]:
    """Return the output path of each input: its name without the last suffix, in `folder`.

    Raises
    ------
    OutputError
        If two inputs would be written to one file.
    """
    paths: dict[Path, Path] = {}
    for source in inputs:
        target = folder / f"{_stem(source)}{suffix}"
        if target in paths.values():
            raise OutputError(f"Two inputs would be written to {target}; rename one or run them into two folders.")
        paths[source] = target
    return paths


def _stem(source: Path) -> str:
    if source.is_dir():
        return source.name
    return source.name.removesuffix(".msm.h5") if source.name.endswith(".msm.h5") else source.stem


def annotations_in(path: Path) -> Annotations:
    """Read the annotations in a result's file; if they are damaged, print that and continue without them."""
    try:
        return load_annotations(path)
    except ResultError as exc:
        print_line(f"Without annotations: {exc}")
        return Annotations()
