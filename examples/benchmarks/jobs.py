"""Many runs on all cores, each kept in a file as soon as it is done, so that a killed bench goes on where it was."""

import hashlib
import json
import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch

from examples.benchmarks.protocol import Budget
from examples.benchmarks.runs import Record, Run, perform

SOURCES = Path(__file__).resolve().parents[2]
CODE = ("tasks/*", "methods/*", "measures/maps", "measures/faithfulness", "protocol", "runs")
NETWORK = ("model_options", "network", "masking", "away_loss", "gated_attention")
"""What figures depend on: if any of it changes, runs that were kept count no more."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where the data is, where what is made is kept, and how runs are trained."""

    data: Path
    work: Path
    budget: Budget
    processes: int


def perform_all(runs: Sequence[Run], shop: Workshop) -> list[Record]:
    """Return the records of all runs, in their order; those that are kept from before are not run again."""
    shop.work.mkdir(parents=True, exist_ok=True)
    kept_in = shop.work / f"runs-{_digest(shop.budget)}.jsonl"
    kept = dict(_kept(kept_in))
    missing = [run for run in dict.fromkeys(runs) if run not in kept]
    print(f"{len(runs)} runs, {len(missing)} to do", flush=True)
    with kept_in.open("a", encoding="utf-8") as file:
        for number, (run, record) in enumerate(_performed(missing, shop), start=1):
            file.write(json.dumps(record) + "\n")
            file.flush()
            kept[run] = record
            if number % 20 == 0 or number == len(missing):
                print(f"{number} of {len(missing)}: {run.task}, {run.method}", flush=True)
    return [kept[run] for run in runs]


def _performed(runs: Sequence[Run], shop: Workshop) -> Iterator[tuple[Run, Record]]:
    do = partial(_perform, shop=shop)
    if shop.processes == 1:
        yield from map(do, runs)
        return
    with multiprocessing.get_context("spawn").Pool(shop.processes, initializer=_begin) as pool:
        yield from pool.imap_unordered(do, runs)


def _begin() -> None:
    torch.set_num_threads(1)  # networks this small gain nothing from more, and sums depend on their number


def _perform(run: Run, shop: Workshop) -> tuple[Run, Record]:
    return run, perform(run, shop.data, shop.work, shop.budget)


def _kept(path: Path) -> Iterator[tuple[Run, Record]]:
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue  # the last line of a bench that was killed
        yield Run(**{name: record[name] for name in Run.__slots__}), record


def _digest(budget: Budget) -> str:
    files = [file for name in CODE for file in sorted((SOURCES / "examples" / "benchmarks").glob(f"{name}.py"))]
    files += [SOURCES / "msm_mil_core" / "mil" / f"{name}.py" for name in NETWORK]
    files.append(SOURCES / "examples" / "lung_photographs.py")
    digest = hashlib.sha256(json.dumps(asdict(budget)).encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
