"""The parts of the speed benchmark, by name: each is a module here whose `measure` gives its comparisons."""

from collections.abc import Callable, Iterator
from importlib import import_module

from examples.benchmarks.speed.comparison import Comparison

Part = Callable[[bool], Iterator[Comparison]]
"""Measures; True asks for the short form, which .ci/run compares with what was committed."""

PARTS = ("reading", "encode", "viewing", "model", "start", "export", "cohort")


def load_part(name: str) -> Part:
    """Import a part, with the peers that it measures."""
    part: Part = import_module(f"examples.benchmarks.speed.{name}").measure
    return part
