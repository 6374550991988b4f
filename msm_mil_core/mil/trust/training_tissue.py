"""What a model learnt from, as its encoder saw it: a Gaussian over the features of the training tiles.

Principal axes with a variance each, and one variance for all other directions: probabilistic principal component
analysis (Tipping M.E., Bishop C.M., J. R. Stat. Soc. B 61 (1999) 611, eqs. 3 and 8).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.mil.trust.tissue_distance import TissueDistance

FEWEST_HELD_OUT = 5
"""From fewer held-out bags it is not known how far apart bags of one kind lie."""
TILES_AT_ONCE = 8192

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class TrainingTissue:
    """Where the training tiles lie among all features, and how far from them held-out bags are."""

    mean: Array
    """(P,), of each feature over the training tiles."""
    std: Array
    """(P,), positive: 1 for a feature that never varies."""
    axes: Array
    """(K, P), principal axes of the standardised features, orthonormal."""
    variances: Array
    """(K + 1,), positive: along each axis, and in every other direction."""
    held_out: Array
    """(B,), distances of held-out bags, in rising order."""

    def __repr__(self) -> str:
        return f"<TrainingTissue: {len(self.axes)} axes of {len(self.mean)} features, {len(self.held_out)} bags>"

    @property
    def limit(self) -> float:
        """The distance beyond which tissue is unlike: twice as far from the median held-out bag as the furthest one.

        The slack is for slides of other patients: often only a few lie behind the held-out bags.
        """
        return float(2 * self.held_out[-1] - np.median(self.held_out))

    def tile_distances(self, features: NDArray[np.floating]) -> Array:
        """Return how far tiles (N, P) lie from the training tiles: their Mahalanobis distances (N,), over √P."""
        starts = range(0, len(features), TILES_AT_ONCE)
        parts = [self._distances(features[start : start + TILES_AT_ONCE]) for start in starts]
        return np.concatenate(parts or [np.empty(0, np.float32)])

    def compare(self, features: NDArray[np.floating]) -> TissueDistance:
        """Compare the tiles (N, P) of a bag, one at least, with those that the model learnt from."""
        value = float(np.median(self.tile_distances(features)))
        return TissueDistance(value, float(np.mean(self.held_out < value)), self.limit)

    def tensors(self) -> dict[str, Array]:
        """Return all of it as arrays by name, for a model file."""
        return {field.name: np.ascontiguousarray(getattr(self, field.name), np.float32) for field in fields(self)}

    @classmethod
    def of_tensors(cls, tensors: Mapping[str, Array], features: int) -> Self:
        """Return what `tensors` gave, for a model of P `features`.

        Raises
        ------
        ValueError
            If an array is missing, unknown, of another shape, or holds what it cannot hold.
        """
        if names := {field.name for field in fields(cls)} ^ tensors.keys():
            raise ValueError(f"{', '.join(sorted(names))} is missing or unknown")
        tissue = cls(**tensors)
        if flaw := tissue._flaw(features):
            raise ValueError(flaw)
        return tissue

    def _distances(self, features: NDArray[np.floating]) -> Array:
        standard = (features.astype(np.float64) - self.mean) / self.std  # (n, P)
        *along, rest = self.variances.astype(np.float64)
        squares = np.square(standard @ self.axes.T.astype(np.float64))  # (n, K)
        others = np.maximum(np.square(standard).sum(1) - squares.sum(1), 0)
        squared = (squares / np.array(along)).sum(1) + others / rest
        distances: Array = np.sqrt(squared / len(self.mean)).astype(np.float32)
        return distances

    def _flaw(self, features: int) -> str:
        axes = len(self.variances) - 1 if self.variances.ndim == 1 else 0
        shapes = {"mean": (features,), "std": (features,), "axes": (axes, features), "variances": (axes + 1,)}
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                return f"{name} has the shape {getattr(self, name).shape} instead of {shape}"
        if self.held_out.ndim != 1 or len(self.held_out) < FEWEST_HELD_OUT or (np.diff(self.held_out) < 0).any():
            return f"held_out is not {FEWEST_HELD_OUT} or more distances that rise"
        if not all(np.isfinite(array).all() for array in self.tensors().values()):
            return "it holds numbers that are not finite"
        return "" if (self.std > 0).all() and (self.variances > 0).all() else "std or variances are not positive"
