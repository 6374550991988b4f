"""What no question changes of what a model computed of a bag, prepared once so that each question is cheap.

Letters: N tiles, S stages, C classes, F width of the fusion net.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Chosen = NDArray[np.bool_]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class PreparedBag:
    """The parts of an answer that all questions about a bag share."""

    raised: Array
    """(S, N), exp of the score less the stage's highest: attention before it is divided by its sum."""
    order: Indices
    """(S, N), the tiles of each stage by falling score, equal ones in their order."""
    linear: Array
    """(C + F, N), all that is pooled of a tile: its logits, and its part in the fusion net; summed along its rows."""
    stage_linear: Array
    """(S, C, N), the same for the stages' own heads."""

    def first(self, stage: int, left: Chosen, count: int) -> Indices:
        """Return the `count` tiles that a stage scores highest among those that are left, by falling score."""
        order, reach = self.order[stage], max(1, count)
        while True:
            reach = min(2 * reach, len(order))
            found: Indices = order.take(np.flatnonzero(left.take(order[:reach]))[:count])
            if len(found) == count or reach == len(order):
                return found


def prepare_bag(scores: Array, linear: Array, stage_tile_logits: Array) -> PreparedBag:
    """Prepare scores (S, N), what is pooled of a tile (N, C + F), and logits by the stages' own heads (S, N, C)."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    raised[raised < np.finfo(np.float32).tiny] = 0  # numbers with fewer digits are slow, and too small to matter
    return PreparedBag(
        raised=raised,
        order=np.stack([_falling(row) for row in scores]),
        linear=np.ascontiguousarray(linear.T),
        stage_linear=np.ascontiguousarray(stage_tile_logits.transpose(0, 2, 1)),
    )


def _falling(scores: Array) -> Indices:
    """Return what a stable sort gives, several times faster: only equal scores are put into their order."""
    order = np.argsort(-scores)
    ranked = scores.take(order)
    equal = ranked[1:] == ranked[:-1]
    if equal.any():
        level = np.flatnonzero(np.append(equal, False) | np.append(False, equal))
        order[level] = order[level][np.lexsort((order[level], -ranked[level]))]
    return order
