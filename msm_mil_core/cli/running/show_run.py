"""A run of slides as it is seen on the command line: progress, a line a slide, a table at the end, an exit code."""

import json
import time
from collections import Counter
from collections.abc import Collection, Generator, Sequence
from contextlib import closing

from rich.table import Table

from msm_mil_core.cli.console import out, print_line, print_message, printable
from msm_mil_core.cli.exit_codes import FAILED, LEFT
from msm_mil_core.cli.only_one import OnlyOneError
from msm_mil_core.cli.progress_view import drive
from msm_mil_core.cluster.cluster_options import ClusterOptions
from msm_mil_core.cluster.dask_run import run_on_cluster
from msm_mil_core.cohort.cohort_folder import CohortFolder
from msm_mil_core.cohort.job_end import RUNNING, JobEnd
from msm_mil_core.cohort.overview.index_page import write_index
from msm_mil_core.cohort.run_choices import RunChoices
from msm_mil_core.cohort.run_jobs import run_jobs
from msm_mil_core.cohort.run_plan import plan_of, write_plan
from msm_mil_core.cohort.slide_answer import SlideAnswer
from msm_mil_core.cohort.slide_job import SlideJob
from msm_mil_core.cohort.slide_record import read_record
from msm_mil_core.progress import Progress

MOST_ROWS = 100
"""Slides that the table at the end lists; the others are in runs.csv."""


def show_run(jobs: Sequence[SlideJob], choices: RunChoices, cluster: ClusterOptions, *, as_json: bool) -> int:
    """Write down which slides are wanted, run them, show what comes of them, and return the exit code.

    Raises
    ------
    OnlyOneError
        If the only slide fails, in this process.
    """
    if jobs:
        write_plan(plan_of(jobs), jobs[0].folder)
    return show_again(jobs, choices, cluster, as_json=as_json)


def show_again(jobs: Sequence[SlideJob], choices: RunChoices, cluster: ClusterOptions, *, as_json: bool) -> int:
    """Do the same for slides that were wanted before."""
    if not jobs:
        (print_message if as_json else print_line)("There is nothing to do.")
        return 0
    folder = jobs[0].folder
    view = _View(len(jobs), as_json=as_json)
    events = run_on_cluster(jobs, choices, cluster) if cluster.wanted else run_jobs(jobs, choices)
    drive(view.follow(events), "run" if len(jobs) > 1 else jobs[0].entry.slide.name)
    if jobs[0].settings.listed:
        write_index(folder)
    view.conclude(folder)
    return view.exit_code()


class _View:
    def __init__(self, total: int, *, as_json: bool) -> None:
        self._total, self._as_json = total, as_json
        self._counts: Counter[str] = Counter()
        self._answers: list[SlideAnswer] = []
        self._others: list[JobEnd] = []
        self._began, self._worked = time.monotonic(), 0

    def follow(self, events: Generator[Progress | JobEnd, None, None]) -> Generator[Progress, None, None]:
        """Show each end, and pass progress on."""
        with closing(events):
            for event in events:
                if isinstance(event, JobEnd):
                    self._note(event)
                else:
                    yield self._counted(event)

    def conclude(self, folder: CohortFolder) -> None:
        """Print the tables and how many slides ended how; raise what the only slide failed with."""
        if self._as_json:
            return
        if self._total == 1:
            self._conclude_one()
            return
        if self._answers:
            out.print(_table(self._answers[:MOST_ROWS]))
        for note in dict.fromkeys(note for answer in self._answers for note in answer.notes):
            print_line(f"Note: {note}")
        self._print_others()
        said = (f"{count} {state}" for state, count in self._counts.items())
        print_line(f"{self._total} slides: {', '.join(said)}. {folder.table} lists them, {folder.index} shows them.")

    def exit_code(self) -> int:
        """Return 0 if all is done, 1 if anything failed, 3 if others hold the rest."""
        if self._counts["failed"]:
            return FAILED
        return LEFT if self._counts["held"] else 0

    def _note(self, end: JobEnd) -> None:
        self._counts[end.state] += 1
        self._worked += end.state in ("finished", "failed")
        if end.answer is not None:
            self._answers.append(end.answer)
        elif end.state == "skipped" and self._total == 1:
            record = read_record(end.job.folder.record(end.job.key))
            self._answers += [record.answer] if record and record.answer else []
        elif end.state in ("failed", "held"):
            self._others.append(end)
        if self._as_json:
            print(json.dumps(_line_of(end), allow_nan=False), flush=True)
        elif self._total > 1 and end.state != "held":
            print_message(self._sentence(end))

    def _sentence(self, end: JobEnd) -> str:
        what = {"finished": f"{end.answer.answer} ({end.seconds:.0f} s)" if end.answer else "", "failed": end.why}
        where = f"slide {self._ended} of {self._total}, {end.job.entry.slide.name}"
        return f"{where}: {what.get(end.state, 'is done, skipped')}{self._time_left()}"

    def _time_left(self) -> str:
        left = self._total - self._ended
        if not self._worked or not left:
            return ""
        seconds = (time.monotonic() - self._began) / self._worked * left
        return f"; about {_duration(seconds)} left"

    @property
    def _ended(self) -> int:
        return sum(self._counts.values())

    def _counted(self, now: Progress) -> Progress:
        if self._total == 1:
            return now
        place = f"slide {self._ended + 1} of {self._total}"
        if now.step == RUNNING:
            return Progress(place, self._ended, self._total, "slides")
        return Progress(f"{place}: {now.step}", now.done, now.total, now.unit)

    def _conclude_one(self) -> None:
        if self._counts["skipped"]:
            print_line("It was done before: its result is of the same slide, model, encoder and options.")
        for answer in self._answers:
            out.print(_table([answer]))
            for line in (*answer.roles, *(f"Note: {note}" for note in answer.notes)):
                print_line(line)
        for end in self._others:
            if end.error is not None:
                raise OnlyOneError(end.error) from end.error
            print_message(f"msm-mil: {_why(end)}")

    def _print_others(self) -> None:
        for state in ("failed", "held"):
            ends = [end for end in self._others if end.state == state]
            if ends:
                table = Table(state, "why" if state == "failed" else "by", style="red" if state == "failed" else "")
                for end in ends[:MOST_ROWS]:
                    table.add_row(printable(end.job.entry.slide.name), printable(end.why))
                out.print(table)


def _why(end: JobEnd) -> str:
    if end.state == "held":
        return f"{end.job.entry.slide.name} is held by {end.why}. Use --wait to wait for it."
    return end.why


def _line_of(end: JobEnd) -> dict[str, object]:
    line: dict[str, object] = {"slide": str(end.job.entry.slide), "state": end.state, "result": str(end.job.target)}
    if end.answer is not None:
        answer = end.answer
        line |= {"prediction": answer.prediction, "probabilities": answer.probabilities, "tiles": answer.tiles}
        line |= {"seconds": round(end.seconds, 3), "warnings": list(answer.notes)}
    return line | ({"error": end.why} if end.state == "failed" else {"held_by": end.why} if end.why else {})


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 2:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"


def _table(answers: Collection[SlideAnswer]) -> Table:
    first = next(iter(answers))
    table = Table(title=f"{first.model} (research use, not for diagnosis)", title_justify="left")
    columns = ["slide", "prediction", *(f"P({name})" for name in first.probabilities), "tiles"]
    if any(answer.coarse for answer in answers):
        columns.append("too coarse")
    for column in columns:
        table.add_column(column, overflow="fold")
    for answer in answers:
        chances = (f"{chance:.3f}" for chance in answer.probabilities.values())
        cells = [printable(answer.slide), answer.answer, *chances, str(answer.tiles), answer.coarse]
        table.add_row(*cells[: len(columns)])
    return table
