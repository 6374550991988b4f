"""Rerun the whole bench: python -m examples.benchmarks.science [--quick].

Trains every method on every task, measures, and writes results.json, ablation.json, stages.json, the figures and
RESULTS.md beside this file. A killed bench goes on where it was. --quick runs a few small tasks, writes nothing, and
fails where a figure has fallen below its floor in floors.json.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

from examples.benchmarks.floors import check_floors
from examples.benchmarks.jobs import Workshop, perform_all
from examples.benchmarks.plan import all_runs, quick_runs
from examples.benchmarks.protocol import Budget
from examples.benchmarks.report.tables import tables_of
from examples.benchmarks.report.write import write_report

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def main() -> int:
    """Run what is wished, and say how long it took."""
    parser = parser_of(__doc__ or "")
    parser.add_argument("--quick", action="store_true", help="a few small tasks, against floors.json")
    wishes, started = parser.parse_args(), time.monotonic()
    if not wishes.data.is_dir():
        print(f"The data is not at {wishes.data}; name its folder with --data.")
        return 0 if wishes.quick else 2
    shop = shop_of(wishes)
    runs = quick_runs() if wishes.quick else all_runs()
    tables = tables_of(dict(zip(runs, perform_all(runs, shop), strict=True)))
    minutes = (time.monotonic() - started) / 60
    print(f"{minutes:.1f} minutes for what had to be run")
    if wishes.quick:
        return check_floors(tables, HERE / "floors.json")
    for name, table in tables.items():
        (HERE / f"{name}.json").write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    write_report(HERE)
    print(f"wrote {HERE / 'RESULTS.md'}")
    return 0


def workshop_of(about: str) -> Workshop:
    """Return the workshop that the command line asks for."""
    parser = parser_of(about)
    wishes = parser.parse_args()
    if not wishes.data.is_dir():
        parser.error(f"the data is not at {wishes.data}; name its folder with --data")
    return shop_of(wishes)


def parser_of(about: str) -> argparse.ArgumentParser:
    """Return a parser of where data is, where what is made is kept, and how many runs are made at once."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="folder of the data")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "bench", help="folder that keeps what is done")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="how many runs at once")
    return parser


def shop_of(wishes: argparse.Namespace) -> Workshop:
    """Return the workshop of a parsed command line."""
    return Workshop(wishes.data, wishes.work, Budget(), wishes.processes)


if __name__ == "__main__":
    sys.exit(main())
