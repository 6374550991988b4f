"""The parts of the speed benchmark, by name."""

from collections.abc import Callable, Iterator

from examples.benchmarks.speed import cohort
from examples.benchmarks.speed.comparison import Comparison

Part = Callable[[bool], Iterator[Comparison]]
"""Measures; True asks for the short form, which .ci/run compares with what was committed."""

PARTS: dict[str, Part] = {
    "cohort": cohort.measure,
}
