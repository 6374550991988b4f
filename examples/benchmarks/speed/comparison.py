"""What one thing costs beside another: CPU seconds of alternating pairs, with wall seconds beside them."""

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

PAIRS = 5

Quantity = Literal["cpu", "wall", "memory", "count"]
Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took."""

    cpu_s: float
    """CPU seconds of all threads, user and system."""
    wall_s: float


@dataclass(frozen=True, slots=True)
class Spread:
    """A ratio over several pairs."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a thing of ours stands to a reference for the same work: below 1 is cheaper than the reference."""

    name: str
    """The work, in a few words: it identifies the row from one run to the next."""
    ours: str
    reference: str
    cpu: Spread | None
    """Ratio of CPU seconds; None where another quantity is compared alone."""
    wall: Spread | None
    at_most: float | None = None
    """The bar; None where a peer or a limit is only shown."""
    judged_by: Quantity = "cpu"
    value: float | None = None
    """The ratio where it is of memory or of a count, measured once."""
    note: str = ""
    """Why it is missed, or what to know of it."""

    def figure(self) -> float:
        """Return the ratio that the bar is for."""
        spread = {"cpu": self.cpu, "wall": self.wall}.get(self.judged_by)
        figure = spread.median if spread else self.value
        if figure is None:
            raise ValueError(f"{self.name} is judged by {self.judged_by}, which it does not have")
        return float(figure)

    def holds(self) -> bool | None:
        """Whether the bar holds; None without one."""
        return None if self.at_most is None else bool(self.figure() <= self.at_most)

    def record(self) -> dict[str, object]:
        """Return it for JSON."""
        return asdict(self) | {"holds": self.holds()}


def compare(name: str, ours: tuple[str, Work], reference: tuple[str, Work], **more: object) -> Comparison:
    """Run both in turn in this process, `pairs` times after one of each that is not counted.

    Parameters
    ----------
    ours, reference
        What each is called in the table, and the work; both do the same amount of it.
    more
        `pairs` (at least 5 in what is published), and the fields of `Comparison` from `at_most` on.
    """
    return _compared(name, (ours[0], lambda: _cost(ours[1])), (reference[0], lambda: _cost(reference[1])), more)


def compare_commands(
    name: str, ours: tuple[str, Sequence[str]], reference: tuple[str, Sequence[str]], **more: object
) -> Comparison:
    """Run two commands in turn, each a process of its own whose children count too; otherwise as `compare`."""
    return _compared(
        name, (ours[0], lambda: _cost_of_command(ours[1])), (reference[0], lambda: _cost_of_command(reference[1])), more
    )


def _compared(
    name: str,
    ours: tuple[str, Callable[[], Cost]],
    reference: tuple[str, Callable[[], Cost]],
    more: dict[str, object],
) -> Comparison:
    pairs = int(str(more.pop("pairs", PAIRS)))
    ours[1](), reference[1]()
    costs = [(ours[1](), reference[1]()) for _ in range(pairs)]
    cpu = _spread([mine.cpu_s / theirs.cpu_s for mine, theirs in costs])
    wall = _spread([mine.wall_s / theirs.wall_s for mine, theirs in costs])
    return Comparison(name, ours[0], reference[0], cpu, wall, **more)  # type: ignore[arg-type]


def _spread(ratios: Sequence[float]) -> Spread:
    return Spread(*(round(value, 3) for value in (statistics.median(ratios), min(ratios), max(ratios))))


def _cost(work: Work) -> Cost:
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return Cost(time.process_time() - cpu, time.perf_counter() - wall)


def _cost_of_command(command: Sequence[str]) -> Cost:
    before, wall = os.times(), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Cost(cpu, time.perf_counter() - wall)
