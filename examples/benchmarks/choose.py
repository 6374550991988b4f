"""Choose the presets on validation bags alone: python -m examples.benchmarks.choose (`make bench-choose`).

Screens every setting on four tasks, one repeat of three folds at most; runs up to six of them, and gated ABMIL, on all
tasks with known tissue, two repeats where others have as many; writes choice.json and CHOICE.md beside this file. A
killed run goes on where it was.
"""

import sys
from collections.abc import Sequence
from typing import Any

from examples.benchmarks.jobs import Workshop, perform_all
from examples.benchmarks.methods.settings import SETTINGS
from examples.benchmarks.plan import repeats_of
from examples.benchmarks.report.choice import figures_of, finalists, write_choice
from examples.benchmarks.runs import Record, Run
from examples.benchmarks.science import HERE, workshop_of
from examples.benchmarks.tasks.catalogue import PATTERN_TASKS, TISSUE_TASKS

SCREENED_ON = ("patterns-both", "nuclei-grid", "idc-tenth", "lung-mosaics")
REFERENCE = "abmil"
FOLDS, REPEATS = 3, 2


def main() -> int:
    """Screen, run the best in full, and write what was chosen."""
    shop = workshop_of(__doc__ or "")
    screened = _figures([_screening(task, name) for name in (REFERENCE, *SETTINGS) for task in SCREENED_ON], shop)
    final = _figures(_in_full([REFERENCE, *finalists(screened)]), shop)
    write_choice(HERE, {"screened": screened, "final": final})
    print(f"wrote {HERE / 'CHOICE.md'}")
    return 0


def _screening(task: str, method: str) -> Run:
    return Run(task, 0, method, most_folds=FOLDS if task in ("nuclei-grid", "idc-tenth") else None, judged=False)


def _in_full(methods: Sequence[str]) -> list[Run]:
    return [
        Run(task, repeat, name, judged=False)
        for name in methods
        for task in (*PATTERN_TASKS, *TISSUE_TASKS)
        for repeat in range(min(REPEATS, repeats_of(task)[1]))
    ]


def _figures(runs: Sequence[Run], shop: Workshop) -> dict[str, dict[str, Any]]:
    records: dict[str, list[Record]] = {}
    for run, record in zip(runs, perform_all(runs, shop), strict=True):
        records.setdefault(run.method, []).append(record)
    return figures_of(records, REFERENCE)


if __name__ == "__main__":
    sys.exit(main())
