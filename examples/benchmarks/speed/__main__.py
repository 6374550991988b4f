"""How fast it is, as ratios to a limit and to peers: python -m examples.benchmarks.speed [PART ...] [--short].

Writes speed.json and SPEED.md beside this file. --short measures small inputs and compares them with short.json: a
ratio that has worsened by more than a half (a speed that fell by more than a third) is measured once more, and fails
if it is as bad again; --short --write keeps what came out as the new short.json.

Everything computes on one thread: threads that wait for each other spin, which counts as CPU seconds, the more the
busier the machine is.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from examples.benchmarks.speed.comparison import Comparison
from examples.benchmarks.speed.parts import PARTS, load_part
from examples.benchmarks.speed.report import Found, line, write

HERE = Path(__file__).parent
WORSE = 1.5


def main() -> int:
    """Measure, print, write or compare."""
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")  # before torch
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--write", action="store_true")
    wishes = parser.parse_args()
    parts = wishes.parts or list(PARTS)
    if unknown := set(parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if len(parts) > 1:
        flags = [f"--{flag}" for flag in ("short", "write") if getattr(wishes, flag)]
        return max(_apart(part, flags) for part in parts)
    if not wishes.short:
        write({part: _measure(part, short=False) for part in parts}, HERE)
        return 0
    return _write_short(parts) if wishes.write else _check_short(parts)


def _apart(part: str, flags: Sequence[str]) -> int:
    """Measure a part in a process of its own: what one imports, or leaves in memory, is none of another's business."""
    command = [sys.executable, "-m", "examples.benchmarks.speed", part, *flags]
    return abs(subprocess.run(command, check=False).returncode)


def _measure(part: str, *, short: bool) -> list[Comparison]:
    found = []
    for comparison in load_part(part)(short):
        print(f"{part}: {line(comparison)}", flush=True)
        found.append(comparison)
    return found


def _write_short(parts: Sequence[str]) -> int:
    kept = _kept() | _figures({part: _measure(part, short=True) for part in parts})
    (HERE / "short.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return 0


def _check_short(parts: Sequence[str]) -> int:
    kept = _kept()
    worse = {part: _worse(part, kept) for part in parts}
    again = {part: names & _worse(part, kept) for part, names in worse.items() if names}
    for part, names in again.items():
        for name in sorted(names):
            print(f"{part}: {name} is more than a third slower than {kept[part][name]:.3g}, twice in a row")
    return int(any(again.values()))


def _worse(part: str, kept: dict[str, dict[str, float]]) -> set[str]:
    now = _figures({part: _measure(part, short=True)})[part]
    return {name for name, figure in now.items() if figure > WORSE * kept.get(part, {}).get(name, figure)}


def _figures(found: Found) -> dict[str, dict[str, float]]:
    """Return what must not get worse: CPU ratios that have a bar; clock and memory are too noisy where others work."""
    return {
        part: {each.name: each.figure() for each in comparisons if each.at_most is not None and each.judged_by == "cpu"}
        for part, comparisons in found.items()
    }


def _kept() -> dict[str, dict[str, float]]:
    path = HERE / "short.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


if __name__ == "__main__":
    sys.exit(main())
