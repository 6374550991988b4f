"""All tasks of the bench, by name."""

from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path

from examples.benchmarks.tasks.classical import CLASSICAL, read_classical, read_ucsb_tma
from examples.benchmarks.tasks.lung import read_lung
from examples.benchmarks.tasks.patterns import RULES, read_patterns
from examples.benchmarks.tasks.task import Task
from examples.benchmarks.tasks.tissue import IDC_TASKS, read_idc, read_nuclei, read_oscc

PATTERN_TASKS = tuple(f"patterns-{rule}" for rule in RULES)
LUNG_TASK = "lung-mosaics"
TISSUE_TASKS = ("nuclei-crops", "nuclei-grid", *IDC_TASKS, LUNG_TASK)
"""Those with truth for each tile, on pictures."""
TASKS = (*CLASSICAL, "ucsb_breast_cancer", "ucsb-tma", *TISSUE_TASKS, "oscc", *PATTERN_TASKS)


@lru_cache(maxsize=2)
def read_task(name: str, repeat: int, data: Path, work: Path) -> Task:
    """Read one repeat of the task of this name; what has to be encoded is kept in the folder `work`.

    Raises
    ------
    KeyError
        If there is no such task.
    """
    return _readers(data, work)[name](repeat)


def _readers(data: Path, work: Path) -> dict[str, Callable[[int], Task]]:
    readers: dict[str, Callable[[int], Task]] = {
        name: partial(read_classical, data, name) for name in (*CLASSICAL, "ucsb_breast_cancer")
    }
    readers["ucsb-tma"] = partial(read_ucsb_tma, data)
    readers["nuclei-crops"] = partial(read_nuclei, data, work, crops=True)
    readers["nuclei-grid"] = partial(read_nuclei, data, work, crops=False)
    readers["oscc"] = partial(read_oscc, data, work)
    readers[LUNG_TASK] = partial(read_lung, data, work)
    readers |= {name: partial(read_idc, data, work, name) for name in IDC_TASKS}
    return readers | {f"patterns-{rule}": partial(read_patterns, data, rule) for rule in RULES}
