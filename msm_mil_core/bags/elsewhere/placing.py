"""Where tiles lie and how large they are, as another file states it than the one that holds their features."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.errors import FeatureFileError


@dataclass(frozen=True, slots=True, eq=False)
class Placing:
    """What files beside the features state of their tiles."""

    coords: NDArray[Any]
    """Whether it is a place for each tile is still to be seen."""
    statements: Mapping[str, Any]
    """Under the names that TRIDENT and STAMP use; None where a thing is not stated."""
    anchor: Literal["corner", "centre"] = "corner"
    index: NDArray[Any] | None = None
    """The number of each tile, by which features may name them; None if they are in the order of the places."""

    def places_of(self, numbers: NDArray[Any] | None, name: str) -> NDArray[Any]:
        """Return the places of the tiles with these numbers, of which a file of a name has features; None: of all.

        Raises
        ------
        FeatureFileError
            If there is no place for one of them.
        """
        if numbers is None or self.index is None or self.index.shape != self.coords.shape[:1]:
            return self.coords
        order = np.argsort(self.index, kind="stable")
        at = np.minimum(np.searchsorted(self.index[order], numbers.ravel()), len(order) - 1)
        if not len(order) or (self.index[order][at] != numbers.ravel()).any():
            raise FeatureFileError(f"{name} has features of tiles for which there is no place. Make them again.")
        placed: NDArray[Any] = self.coords[order[at]]
        return placed


def read_json(path: Path) -> dict[str, Any]:
    """Read what a program writes beside its features; empty if there is no such file.

    Raises
    ------
    FeatureFileError
        If it cannot be read, or is no JSON object.
    """
    try:
        read = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as exc:
        raise FeatureFileError(f"{path} cannot be read ({exc}). Copy it again, or take it away.") from exc
    if not isinstance(read, dict):
        raise FeatureFileError(f"{path} is no JSON object, as the program that made the features writes it.")
    return read


def group_in(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a group of a record; empty if there is none."""
    group = record.get(name)
    return group if isinstance(group, dict) else {}


def stated(**statements: Any) -> dict[str, Any]:
    """Return the statements that are made: those that are numbers or texts."""
    return {name: value for name, value in statements.items() if isinstance(value, int | float | str)}


def product(one: object, other: object) -> float | None:
    """Return the product of two numbers; None where one of them is not stated."""
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one * other
    return None
