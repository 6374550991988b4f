"""A figure and its 95 % interval, in words."""

from typing import Any


def interval(figure: dict[str, Any]) -> str:
    """Write a figure with its interval."""
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"
