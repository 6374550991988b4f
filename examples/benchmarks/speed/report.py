"""Writes the comparisons as JSON and as a table."""

import json
import os
import platform
from pathlib import Path

from examples.benchmarks.speed.comparison import Comparison, Spread

Found = dict[str, list[Comparison]]

HEAD = """# Speed

Made by `make bench-speed`; nothing here is written by hand. Every figure is a ratio, ours over the reference for the
same work inside one run: CPU seconds, and wall seconds beside them, median of alternating pairs with their range.
Below 1 is cheaper than the reference. Rows without a bar show where a peer or a limit stands.
"""
COLUMNS = "| work | ours | reference | CPU ratio | wall ratio | bar |  |\n" + "| --- " * 7 + "|\n"


def write(found: Found, folder: Path) -> None:
    """Write speed.json and SPEED.md; parts that were not measured now keep what stands there."""
    path = folder / "speed.json"
    parts = json.loads(path.read_text(encoding="utf-8"))["parts"] if path.exists() else {}
    parts |= {part: [each.record() for each in comparisons] for part, comparisons in found.items()}
    path.write_text(json.dumps({"machine": machine(), "parts": parts}, indent=1) + "\n", encoding="utf-8")
    sections = "".join(map(_section, parts, parts.values()))
    (folder / "SPEED.md").write_text(HEAD + _bars(parts) + sections, encoding="utf-8")


def machine() -> dict[str, object]:
    """Return what the ratios depend on."""
    return {"cpus": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}


def line(comparison: Comparison) -> str:
    """Return a comparison in one line of text."""
    bar = "" if comparison.at_most is None else f", bar {comparison.at_most:g}"
    state = {None: "", True: " holds", False: " MISSED"}[comparison.holds()]
    return f"{comparison.name}: {comparison.figure():.3g} of {comparison.reference}{bar}{state}"


def _bars(parts: dict[str, list[dict[str, object]]]) -> str:
    """Say how many bars hold, and name those that are missed."""
    judged = [(part, each) for part, records in parts.items() for each in records if each["holds"] is not None]
    missed = [f"\n* {part}: {each['name']}, {_figure(each)}" for part, each in judged if not each["holds"]]
    held = len(judged) - len(missed)
    return (
        f"\n{held} of {len(judged)} bars hold. {'Missed, with the reason below each table:' if missed else ''}\n"
        + "".join(missed)
        + "\n"
    )


def _figure(record: dict[str, object]) -> str:
    spread = record.get(str(record["judged_by"]))
    figure = spread["median"] if isinstance(spread, dict) else record["value"]
    return f"{figure:.3g} where at most {record['at_most']:g} was wanted"


def _section(part: str, records: list[dict[str, object]]) -> str:
    rows = "".join(map(_row, records))
    notes = "".join(f"\n* {each['name']}: {each['note']}" for each in records if each["note"])
    return f"\n## {part.capitalize()}\n\n{COLUMNS}{rows}{notes}\n"


def _row(record: dict[str, object]) -> str:
    state = {None: "", True: "holds", False: "**missed**"}[record["holds"]]  # type: ignore[index]
    bar = "" if record["at_most"] is None else f"at most {record['at_most']:g} ({record['judged_by']})"
    cpu = _spread_text(record["cpu"]) or ("" if record["value"] is None else f"{record['value']:.3g}")
    cells = (record["name"], record["ours"], record["reference"], cpu, _spread_text(record["wall"]), bar, state)
    return "| " + " | ".join(map(str, cells)) + " |\n"


def _spread_text(spread: object) -> str:
    if not isinstance(spread, dict):
        return ""
    read = Spread(**spread)
    return f"{read.median:.3g} ({read.low:.3g} to {read.high:.3g})"
