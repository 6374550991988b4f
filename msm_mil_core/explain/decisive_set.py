"""The search for few tiles that decide: a first set by bisection, then the proof that none of them can be spared."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.explain.selections.selection import Chosen
from msm_mil_core.mil.aggregate import aggregate, aggregate_probabilities
from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.mil.tile_outputs import TileOutputs

Kind: TypeAlias = Literal["flip", "sufficient"]
Floats: TypeAlias = NDArray[np.float32]
Indices: TypeAlias = NDArray[np.int64]

REPORT_EVERY = 20
"""Questions between two reports."""
SMALLER = 4
"""How many times smaller the blocks are, from pass to pass, that are tried to be spared; at last they are tiles."""


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """How far a search is."""

    asked: int
    """Questions so far."""
    tiles: Chosen | None
    """(N,), the set so far; None before there is one. Changed as the search goes on."""
    minimal: bool
    """Whether it is certain that none of them can be spared."""


Findings: TypeAlias = Generator[Finding, None, None]


class DecisiveSet:
    """One search: for tiles without which the answer changes, or with which alone it stays."""

    def __init__(self, tile_outputs: TileOutputs, kind: Kind, budget: int) -> None:
        self._outputs, self.kind, self._budget = tile_outputs, kind, budget
        self.whole = aggregate(tile_outputs)
        """The prediction for the whole bag."""
        self._winner = int(self.whole.probabilities.argmax())
        self._asked = 0

    def __len__(self) -> int:
        return len(self._outputs)

    def findings(self) -> Findings:
        """Yield a finding now and then: when the first set is found, as it gets smaller, and at the end."""
        if self.kind == "flip" and self._against().max() <= 0:
            yield Finding(0, None, minimal=False)
            return
        bounds = yield from self._reach()
        if bounds is None:
            yield self._finding(None)
            return
        chosen = self._bisect(*bounds)
        yield self._finding(chosen)
        minimal = yield from self._spare(chosen)
        yield self._finding(chosen, minimal=minimal)

    def after(self, tiles: Chosen) -> Floats:
        """Return the probabilities (C,) without a set of tiles, or with it alone."""
        return aggregate_probabilities(self._outputs, tiles if self.kind == "sufficient" else ~tiles)

    @property
    def _spent(self) -> bool:
        return self._asked >= self._budget

    def _finding(self, tiles: Chosen | None, *, minimal: bool = False) -> Finding:
        return Finding(self._asked, tiles, minimal)

    def _decides(self, tiles: Chosen) -> bool:
        self._asked += 1
        unchanged = int(self.after(tiles).argmax()) == self._winner
        return unchanged == (self.kind == "sufficient")

    def _reach(self) -> Generator[Finding, None, tuple[Chosen, Indices] | None]:
        """Double a set until it decides; return what did not yet, and the tiles that were added last.

        Tiles with most support for the answer come first, and are ranked again each time. None if the budget is spent.
        """
        tiles = len(self)
        chosen, most = np.zeros(tiles, bool), tiles - 1 if self.kind == "flip" else tiles
        size = 0
        while size < most and not self._spent:
            if self._asked % REPORT_EVERY == 0:
                yield self._finding(None)
            wider = min(most, max(1, 2 * size))
            added = self._best(chosen)[: wider - size]
            if self._decides(_with(chosen, added)):
                return chosen, added
            chosen, size = _with(chosen, added), wider
        return None

    def _bisect(self, short: Chosen, added: Indices) -> Chosen:
        """Return the set that decides and has few of the added tiles: without its last one it does not decide."""
        low, high = 0, len(added)
        while high - low > 1 and not self._spent:
            middle = (low + high) // 2
            low, high = (low, middle) if self._decides(_with(short, added[:middle])) else (middle, high)
        return _with(short, added[:high])

    def _spare(self, chosen: Chosen) -> Generator[Finding, None, bool]:
        """Take out of the set, in place, what is not needed; return whether all the rest certainly is.

        Blocks of tiles are tried, then single ones, those with least support first. What one tile supports changes when
        others go: single tiles are tried until none of them can be spared.
        """
        support = self._support(np.ones(len(chosen), bool))
        block = max(1, int(chosen.sum()) // SMALLER)
        while True:
            before = int(chosen.sum())
            tiles = np.flatnonzero(chosen)
            tiles = tiles[np.argsort(support[tiles], kind="stable")]
            for start in range(0, len(tiles), block):
                if chosen.sum() == 1:
                    return True
                if self._spent:
                    return False
                if self._asked % REPORT_EVERY == 0:
                    yield self._finding(chosen)
                self._try_without(chosen, tiles[start : start + block])
            if block == 1 and chosen.sum() == before:
                return True
            block = max(1, block // SMALLER)

    def _try_without(self, chosen: Chosen, tiles: Indices) -> None:
        chosen[tiles] = False
        chosen[tiles] = not (chosen.any() and self._decides(chosen))

    def _best(self, chosen: Chosen) -> Indices:
        """Return the other tiles, those with most support first; last what would change the answer alone."""
        support = self._support(~chosen if self.kind == "flip" else np.ones(len(chosen), bool))
        if self.kind == "flip":
            support[self._against().argmax()] = -np.inf
        tiles = np.flatnonzero(~chosen)
        return tiles[np.argsort(-support[tiles], kind="stable")]

    def _against(self) -> Floats:
        """Return by how much each tile alone (N,) exceeds the answer with another class."""
        logits = self._outputs.bias + self._outputs.tile_logits  # (N, C)
        against: Floats = np.delete(logits, self._winner, axis=1).max(axis=1) - logits[:, self._winner]
        return against

    def _support(self, kept: Chosen) -> Floats:
        """Return how much each tile (N,) adds to the margin of the answer over the next most probable class."""
        prediction = aggregate(self._outputs, kept)
        shares = sum(np.nan_to_num(stage.attention) * np.float32(stage.beta) for stage in prediction.stages)  # (N,)
        logits = self._outputs.tile_logits
        support: Floats = shares * (logits[:, self._winner] - logits[:, self._rival(prediction)])
        return support

    def _rival(self, prediction: Prediction) -> int:
        others = np.where(np.arange(len(prediction.logits)) == self._winner, -np.inf, prediction.logits)
        return int(others.argmax())


def _with(chosen: Chosen, tiles: Indices) -> Chosen:
    more = chosen.copy()
    more[tiles] = True
    return more
