"""Floors under the quick bench: a change of the code that makes figures fall must not go unseen."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def check_floors(tables: Mapping[str, Any], path: Path) -> int:
    """Compare figures with the floors of a file, print each, and return how many have fallen.

    A floor is named by its place in the tables, as results/elephant/msm/auc/value.
    """
    floors: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
    fallen = 0
    for place, floor, value in _compared(tables, floors):
        held = value >= floor
        fallen += not held
        print(f"{'holds ' if held else 'FALLEN'} {place}: {value:.3f}, at least {floor:.3f}")
    return fallen


def _compared(tables: Mapping[str, Any], floors: Mapping[str, float]) -> Iterator[tuple[str, float, float]]:
    for place, floor in floors.items():
        found: Any = tables
        for step in place.split("/"):
            found = found[step]
        yield place, floor, float(found)
