"""Does the answer hang on what the maps show? Tiles are taken out of the bag and the model is asked again.

Deletion in the order most relevant first (MoRF) and least relevant first (LeRF), Samek et al. 2017; necessity and
sufficiency of a stage's claimed tiles.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from examples.benchmarks.measures.maps import Scores
from examples.benchmarks.methods.peers import Peer
from examples.benchmarks.methods.variants import MsmPeer

STEPS = 10
RANDOM_ORDERS = 3


@dataclass(frozen=True, slots=True)
class Deletion:
    """Mean probability of the class that is answered for the whole bag, while tiles are taken out."""

    morf: float
    """The best tiles go first: low where the map is faithful."""
    lerf: float
    """The worst tiles go first: high where the map is faithful."""
    random: float


@dataclass(frozen=True, slots=True)
class StageTest:
    """The probability of the answered class, for each stage."""

    whole: float
    without_claimed: list[float]
    only_claimed: list[float]
    without_random: float
    """As many tiles taken out as the first stage claims, but any."""


def delete(peer: Peer, bag: torch.Tensor, ranking: Scores, rng: np.random.Generator) -> Deletion:
    """Take the tiles of a bag (N, P) out, a tenth at a time, in the order of a ranking (N,) and in random ones."""
    best_first = np.argsort(-ranking, kind="stable")
    orders = [best_first, best_first[::-1], *(rng.permutation(len(best_first)) for _ in range(RANDOM_ORDERS))]
    kept = np.concatenate([_shrinking(order) for order in orders])
    each = _answered(peer, bag, kept).reshape(len(orders), STEPS).mean(1)
    return Deletion(float(each[0]), float(each[1]), float(each[2:].mean()))


def question_stages(peer: MsmPeer, bag: torch.Tensor, rng: np.random.Generator) -> StageTest:
    """Ask again without each stage's claimed tiles, and with them alone."""
    valid = torch.ones(1, len(bag), dtype=torch.bool)
    with torch.inference_mode():
        claimed = peer.claimed(bag[None], valid)[0].numpy()  # (S, N)
    whole = np.ones((1, len(bag)), bool)
    random = np.zeros((1, len(bag)), bool)
    random[0, rng.permutation(len(bag))[: int(claimed[0].sum())]] = True
    asked = np.concatenate([whole, ~claimed, claimed, ~random])
    said = _answered(peer, bag, asked)
    stages = len(claimed)
    return StageTest(float(said[0]), said[1 : 1 + stages].tolist(), said[1 + stages : -1].tolist(), float(said[-1]))


def _shrinking(order: NDArray[np.int64]) -> NDArray[np.bool_]:
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    gone = np.arange(STEPS)[:, None] * len(order) / STEPS
    return place[None] >= np.floor(gone)


def _answered(peer: Peer, bag: torch.Tensor, kept: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Probability of the class answered for the whole bag, the first row of `kept`; NaN where nothing is left."""
    some = kept.any(1)
    valid = torch.from_numpy(kept[some])
    with torch.inference_mode():
        logits = peer(bag.expand(len(valid), -1, -1), valid).logits
    probabilities = logits.softmax(-1).numpy().astype(np.float64)
    said = np.full(len(kept), np.nan)
    said[some] = probabilities[:, probabilities[0].argmax()]
    return said
