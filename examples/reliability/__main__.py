"""Try everything that may go wrong and print how often the product held: `python -m examples.reliability`.

Each script beside this file has one function `tries(short=...)` that yields trials; the short form runs in CI.
"""

import argparse
import importlib
import sys
from collections.abc import Iterator
from typing import Protocol, cast

from examples.reliability.trial import Trial

SCRIPTS = ("kills", "full_disk", "races", "fuzz", "cycles", "cohorts")


class Script(Protocol):
    """A module of this folder."""

    def tries(self, *, short: bool) -> Iterator[Trial]:
        """Yield each try as it ends."""


def main() -> int:
    """Run the scripts, print a table and each promise that was not kept; return 1 if there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scripts", nargs="*", default=SCRIPTS, metavar="SCRIPT", help=", ".join(SCRIPTS))
    parser.add_argument("--short", action="store_true", help="a small part of the tries: some minutes in all")
    args = parser.parse_args()
    broken = 0
    print("| script | tried | held |\n| --- | ---: | ---: |", flush=True)
    for name in args.scripts:
        script = cast(Script, importlib.import_module(f"examples.reliability.{name}"))
        trials = list(script.tries(short=args.short))
        failed = [trial for trial in trials if not trial.held]
        broken += len(failed)
        print(f"| {name} | {len(trials)} | {len(trials) - len(failed)} |", flush=True)
        for trial in failed:
            print(f"  {trial.name}: {trial.said}", file=sys.stderr, flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
