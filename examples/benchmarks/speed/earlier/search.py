"""How small sets of tiles that decide were searched before: ranked again in every round, then tile by tile."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from examples.benchmarks.speed.earlier.aggregation import aggregate, aggregate_probabilities
from msm_mil_core.explain.counterfactual import Counterfactual, SearchOptions
from msm_mil_core.explain.decisive_set import Kind
from msm_mil_core.explain.selections.selection import Chosen
from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.mil.tile_outputs import TileOutputs
from msm_mil_core.progress import Progress

Floats: TypeAlias = NDArray[np.float32]
Decides: TypeAlias = Callable[[Chosen], bool]

REPORT_EVERY = 20
"""Questions between two reports of progress."""
GROWTH = 0.05
"""Share by which a set grows in a round, at least one tile: tiles are ranked again in every round."""
STEP = "Searching"


@dataclass(slots=True, eq=False)
class _Search:
    """Questions to the model, counted."""

    tile_outputs: TileOutputs
    budget: int
    winner: int
    asked: int = 0

    @property
    def spent(self) -> bool:
        return self.asked >= self.budget

    def is_unchanged(self, kept: Chosen) -> bool:
        """Return whether the predicted class stays the same with these tiles alone."""
        self.asked += 1
        return int(aggregate_probabilities(self.tile_outputs, kept).argmax()) == self.winner

    def progress(self) -> Progress:
        return Progress(STEP, self.asked, self.budget, "questions")


Search: TypeAlias = Generator[Progress, None, Counterfactual]


def find_flip(tile_outputs: TileOutputs, options: SearchOptions) -> Search:
    """Remove tiles with most support for the answer, a twentieth more in a round, until it changes; then put back."""
    return _find(tile_outputs, options, "flip", taken=lambda gone: ~gone, holds=lambda unchanged: not unchanged)


def find_sufficient(tile_outputs: TileOutputs, options: SearchOptions) -> Search:
    """Add tiles with most support for the answer until it is reached; then remove one by one."""
    return _find(tile_outputs, options, "sufficient", taken=lambda kept: kept, holds=lambda unchanged: unchanged)


def _find(
    tile_outputs: TileOutputs,
    options: SearchOptions,
    kind: Kind,
    *,
    taken: Callable[[Chosen], Chosen],
    holds: Callable[[bool], bool],
) -> Search:
    whole = aggregate(tile_outputs)
    search = _Search(tile_outputs, options.budget, int(whole.probabilities.argmax()))

    def decides(tiles: Chosen) -> bool:
        return holds(search.is_unchanged(taken(tiles)))

    chosen = yield from (_begin_flip(search, decides) if kind == "flip" else _grow(search, kind, decides))
    minimal = False
    if chosen is not None:
        minimal = yield from _shrink(search, chosen, decides)
    tiles = np.zeros(len(tile_outputs), bool) if chosen is None else chosen
    after = whole.probabilities if chosen is None else aggregate_probabilities(tile_outputs, taken(tiles))
    return Counterfactual(
        kind=kind,
        tiles=tiles,
        found=chosen is not None,
        minimal=minimal,
        asked=search.asked,
        classes=tile_outputs.classes,
        before=whole.probabilities,
        after=after,
    )


def _begin_flip(search: _Search, decides: Decides) -> Generator[Progress, None, Chosen | None]:
    """Return a set without which the answer changes; None if there is none, or the budget is spent."""
    logits = search.tile_outputs.bias + search.tile_outputs.tile_logits  # (N, C), of each tile alone
    against = np.delete(logits, search.winner, axis=1).max(axis=1) - logits[:, search.winner]  # (N,)
    if against.max() <= 0:
        return None
    chosen = yield from _grow(search, "flip", decides)
    if chosen is None and not search.spent:
        all_but_one = np.arange(len(against)) != against.argmax()
        return all_but_one if decides(all_but_one) else None
    return chosen


def _grow(search: _Search, kind: Kind, decides: Decides) -> Generator[Progress, None, Chosen | None]:
    """Add tiles to the set until it decides; None if it never does, or the budget is spent."""
    tiles = len(search.tile_outputs)
    chosen, most = np.zeros(tiles, bool), tiles - 1 if kind == "flip" else tiles
    while chosen.sum() < most and not search.spent:
        if search.asked % REPORT_EVERY == 0:
            yield search.progress()
        open_to = ~chosen
        support = _support(search, ~chosen if kind == "flip" else np.ones(tiles, bool))
        block = min(most - int(chosen.sum()), max(1, int(GROWTH * chosen.sum())))
        best = np.argsort(np.where(open_to, -support, np.inf), kind="stable")[:block]
        chosen = chosen.copy()
        chosen[best] = True
        if decides(chosen):
            return chosen
    return None


def _shrink(search: _Search, chosen: Chosen, decides: Decides) -> Generator[Progress, None, bool]:
    """Remove from the set, in place, every tile that is not needed; return whether all the rest certainly are."""
    support = _support(search, np.ones(len(chosen), bool))
    before = -1
    while before != chosen.sum():  # a tile's support changes when others go: repeat until none does
        before = chosen.sum()
        for tile in sorted(np.flatnonzero(chosen).tolist(), key=lambda tile: float(support[tile])):
            if chosen.sum() == 1:
                return True
            if search.spent:
                return False
            if search.asked % REPORT_EVERY == 0:
                yield search.progress()
            chosen[tile] = False
            chosen[tile] = not decides(chosen)
    return True


def _support(search: _Search, kept: Chosen) -> Floats:
    """Return how much each tile (N,) adds to the margin of the answer over the next most probable class."""
    prediction = aggregate(search.tile_outputs, kept)
    rival = _rival(prediction, search.winner)
    parts = [stage.tile_evidence for stage in prediction.stages]
    evidence = np.sum([part.tile_logits for part in parts if part is not None], axis=0)  # (N, C), as it was multiplied
    support: Floats = evidence[:, search.winner] - evidence[:, rival]
    return support


def _rival(prediction: Prediction, winner: int) -> int:
    others = np.where(np.arange(len(prediction.logits)) == winner, -np.inf, prediction.logits)
    return int(others.argmax())
