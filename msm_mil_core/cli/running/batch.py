"""Many slides in one call: if one fails, the others continue; what was read of one is gone before the next."""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from rich.table import Table

from msm_mil_core.cli.console import out, print_line, print_message, printable
from msm_mil_core.cli.exit_codes import FAILED
from msm_mil_core.cli.only_one import OnlyOneError
from msm_mil_core.errors import MsmMilError, ResultError
from msm_mil_core.export.tables.json_file import Record
from msm_mil_core.file_lock import HeldError
from msm_mil_core.results.annotations import Annotations, load_annotations
from msm_mil_core.results.result_file import load_result
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.unforeseen import describe_unforeseen

Row = TypeVar("Row")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Batch(Generic[Row]):
    """The outcome for each slide."""

    good: dict[Path, Row]
    """What is printed of it: a few words, never a slide or a result, so that memory stays flat."""
    failed: dict[Path, str]
    """Why it failed: a sentence, as an exception would keep everything that was in memory."""

    def exit_code(self) -> int:
        """Return 0 if none failed, 1 if any did."""
        return FAILED if self.failed else 0


def each_slide(slides: Sequence[Path], work: Callable[[Path], Row]) -> Batch[Row]:
    """Do the work for each slide; whatever goes wrong with one is recorded, and the next slide follows.

    Raises
    ------
    OnlyOneError
        If it fails and is the only one.
    """
    if len(slides) == 1:
        return Batch(good={slides[0]: _only(slides[0], work)}, failed={})
    batch: Batch[Row] = Batch(good={}, failed={})
    for slide in slides:
        try:
            batch.good[slide] = work(slide)
        except MsmMilError as exc:
            batch.failed[slide] = str(exc)
        except Exception as exc:  # the border between one slide and the others
            logger.debug("%s failed", slide, exc_info=True)
            batch.failed[slide] = describe_unforeseen(exc)
    return batch


def _only(slide: Path, work: Callable[[Path], Row]) -> Row:
    try:
        return work(slide)
    except Exception as exc:  # the border between the program and its user, who reads it as a sentence
        if isinstance(exc, HeldError) or not slide.exists():  # nothing was started
            raise
        raise OnlyOneError(exc) from exc


def each_result(results: Sequence[Path], work: Callable[[Path, SlideResult], Row]) -> Batch[Row]:
    """Read each result file, and do the work for what it holds; errors are treated as by `each_slide`."""
    return each_slide(results, lambda path: work(path, load_result(path)))


def finish(batch: Batch[Row]) -> int:
    """Print a table of the slides that failed and why, and return the exit code."""
    if batch.failed:
        table = Table("failed", "why", title_justify="left", style="red")
        for path, why in batch.failed.items():
            table.add_row(printable(path.name), printable(why))
        out.print(table)
    return batch.exit_code()


def finish_json(batch: Batch[Row]) -> int:
    """Print a line of JSON with an "error" for each slide that failed, and return the exit code."""
    for path, why in batch.failed.items():
        print(json.dumps({"result": str(path), "error": why}))
    return batch.exit_code()


def print_json(path: Path, result: SlideResult, record: Record) -> None:
    """Print what was found in a result as one line of JSON."""
    about: Record = {"result": str(path), "slide": result.slide.name, "warnings": list(result.warnings)}
    print(json.dumps(about | record, allow_nan=False))


def print_warnings(result: SlideResult) -> None:
    """Print what whoever reads the answer must know of the slide."""
    for warning in result.warnings:
        print_line(f"Note: {warning}")


def annotations_in(path: Path) -> Annotations:
    """Read the annotations in a result's file; if they are damaged, print that and continue without them."""
    try:
        return load_annotations(path)
    except ResultError as exc:
        print_message(f"Without annotations: {exc}")
        return Annotations()
