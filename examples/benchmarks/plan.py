"""Which methods run on which tasks, and how often."""

from collections.abc import Iterator

from examples.benchmarks.methods.catalogue import ABLATION, LINEAR
from examples.benchmarks.runs import Run
from examples.benchmarks.tasks.catalogue import LUNG_TASK, PATTERN_TASKS, TASKS, TISSUE_TASKS
from examples.benchmarks.tasks.classical import CLASSICAL

WITH_PICTURES = (*TISSUE_TASKS, "oscc")
OURS = ("abmil", "msm")
CONTROLS = ("msm-explain", "msm-random", "msm-explain-random", "abmil x 3")
OWN_PEERS = ("mean", "max", "acmil", "aem", "mhim")
TORCHMIL_PEERS = ("clam-sb", "dsmil", "dtfd")
TORCHMIL_TASKS = ("musk1", "elephant", "ucsb_breast_cancer", "ucsb-tma", "nuclei-crops", "nuclei-grid", *PATTERN_TASKS)
"""They read bag by bag, which takes ten times as long, so they run once, and not everywhere."""
SLOW_PEER, SLOW_PEER_TASKS = "transmil", ("ucsb-tma", "patterns-any", "patterns-all")
"""A step of TransMIL costs 20 to 60 times as much as the others'; it runs where that can be paid."""
ABLATION_TASKS = ("patterns-any", "patterns-all", "patterns-two-of-three", "ucsb-tma")
TOO_SLOW = (("refinement block", "ucsb-tma"),)
QUICK_TASKS = ("elephant", "nuclei-grid", "patterns-all", "patterns-any")
QUICK_METHODS = ("abmil", "msm", "msm-random", "acmil", "mean", "linear on mean features")


def all_runs() -> list[Run]:
    """Return the runs of the whole bench, the long ones first."""
    runs = [Run(task, repeat, method) for task in TASKS for method, count in _methods(task) for repeat in range(count)]
    runs += [Run(task, 0, name) for name in ABLATION for task in ABLATION_TASKS if (name, task) not in TOO_SLOW]
    return sorted(runs, key=lambda run: run.method not in (SLOW_PEER, *TORCHMIL_PEERS))


def quick_runs() -> list[Run]:
    """Return a few runs that tell whether figures have fallen."""
    return [Run(task, 0, method, most_folds=4) for task in QUICK_TASKS for method in QUICK_METHODS]


def _methods(task: str) -> Iterator[tuple[str, int]]:
    many, few = repeats_of(task)
    yield from ((name, many) for name in (*OURS, LINEAR[0]))
    if task in WITH_PICTURES:
        yield LINEAR[1], many
    yield from ((name, few) for name in (*CONTROLS, *OWN_PEERS))
    if task in TORCHMIL_TASKS:
        yield from ((name, 1) for name in TORCHMIL_PEERS)
    if task in SLOW_PEER_TASKS:
        yield SLOW_PEER, 1


def repeats_of(task: str) -> tuple[int, int]:
    """Return how often the main methods and the others run on a task."""
    if task in PATTERN_TASKS:
        return 6, 4
    if task == LUNG_TASK:
        return 4, 4
    if task in CLASSICAL:
        return 5, 1
    if task == "nuclei-crops":
        return 2, 1  # bags of hundreds of nuclei take long
    if task in ("idc-any", "oscc"):
        return 3, 1
    return (5, 3) if task.startswith("ucsb") else (3, 2)
