"""Small sets of tiles that decide: those whose removal changes the answer, and those that suffice for it.

What is necessary and what is sufficient, as HIPPO asks it: Kaczmarzyk et al. 2024, arXiv 2409.03080. The search is
greedy: the set it finds cannot always be proved to be the smallest, but no tile of a `minimal` one can be spared.

Whether the answer can change at all is known beforehand. Attention over tiles and weights of stages sum to one, so the
logits of any part of the bag are a weighted mean of those of its single tiles: if each of them alone gives the answer,
every part does; if one of them alone gives another, taking away all the rest changes it.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from msm_mil_core.explain.selection import Chosen
from msm_mil_core.mil.aggregate import aggregate, aggregate_probabilities
from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.mil.tile_outputs import TileOutputs
from msm_mil_core.options import Options
from msm_mil_core.progress import Progress

Kind: TypeAlias = Literal["flip", "sufficient"]
Floats: TypeAlias = NDArray[np.float32]
Decides: TypeAlias = Callable[[Chosen], bool]

REPORT_EVERY = 20
"""Questions between two reports of progress."""
GROWTH = 0.05
"""Share by which a set grows in a round, at least one tile: tiles are ranked again in every round."""
STEP = "Searching"


class SearchOptions(Options):
    """The limit of a search."""

    budget: int = Field(default=2000, ge=2)
    """How many questions may be asked of the model."""


@dataclass(frozen=True, slots=True, eq=False)
class Counterfactual:
    """A set of tiles that decides."""

    kind: Kind
    """flip = without them the answer changes; sufficient = with them alone it stays."""
    tiles: Chosen
    """(N,); none if no set was found."""
    found: bool
    minimal: bool
    """Whether every single tile of it is needed; False also if the budget was spent before that was known."""
    asked: int
    """How many questions were asked; 0 if there is certainly no such set."""
    classes: tuple[str, ...]
    before: Floats
    """(C,), probabilities for the whole bag."""
    after: Floats
    """(C,), probabilities without the set, or with it alone; those for the whole bag if none was found."""

    @property
    def is_all(self) -> bool:
        """Whether the set that suffices is all there is: the search found no tile that can be spared."""
        return self.kind == "sufficient" and self.found and bool(self.tiles.all())

    def __repr__(self) -> str:
        return f"<Counterfactual: {self}>"

    def __str__(self) -> str:
        answer = self.classes[int(self.before.argmax())]
        if not self.found:
            return self._not_found(answer)
        if self.is_all:
            return self._all_needed(answer)
        count, at = int(self.tiles.sum()), int(self.before.argmax())
        tiles = f"{count:,} tile{'' if count == 1 else 's'}"
        moved = f"P({answer}) from {self.before[at]:.2f} to {self.after[at]:.2f}"
        spared = self._spared(count)
        if self.kind == "flip":
            other = self.classes[int(self.after.argmax())]
            return f"Removing {tiles} changes the answer from {answer} to {other}: {moved}; {spared}."
        suffice = "suffices" if count == 1 else "suffice"
        return f"{tiles} alone {suffice} for the answer {answer}: {moved}; {spared}."

    def _spared(self, count: int) -> str:
        if not self.minimal:
            return "fewer may be enough: the search ended before that was certain"
        return "it cannot be spared" if count == 1 else "none of them can be spared, but another set may be smaller"

    def _all_needed(self, answer: str) -> str:
        if self.minimal:
            every = "the one tile there is" if len(self.tiles) == 1 else f"all {len(self.tiles):,} tiles"
            return f"None can be spared: the answer {answer} needs {every}."
        return (
            f"All {len(self.tiles):,} tiles together give the answer {answer}: "
            "the search ended before it was certain whether one can be spared."
        )

    def _not_found(self, answer: str) -> str:
        if self.kind == "flip" and not self.asked:
            return f"No set of tiles changes the answer {answer}: every tile alone gives it."
        if self.kind == "flip":
            return f"No set was found without which the answer {answer} changes ({self.asked:,} questions asked)."
        return f"No set was found that alone suffices for {answer} ({self.asked:,} questions asked)."


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
    """Find few tiles without which another class is most probable.

    Round by round the tiles with most support for the answer are removed, and the rest ranked again, until it changes;
    if it never does, all are removed but the one with most support against it. Then tiles are put back one by one,
    those with least support for the answer first, as long as it stays changed.
    """
    return _find(tile_outputs, options, "flip", taken=lambda gone: ~gone, holds=lambda unchanged: not unchanged)


def find_sufficient(tile_outputs: TileOutputs, options: SearchOptions) -> Search:
    """Find few tiles with which alone the class that the model chose stays the most probable.

    Round by round the tiles with most support for the answer are added, until it is reached; then tiles are removed one
    by one, those with least support first, as long as it stays.
    """
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
    evidence = np.sum([stage.evidence for stage in prediction.stages if stage.evidence is not None], axis=0)  # (N, C)
    support: Floats = evidence[:, search.winner] - evidence[:, rival]
    return support


def _rival(prediction: Prediction, winner: int) -> int:
    others = np.where(np.arange(len(prediction.logits)) == winner, -np.inf, prediction.logits)
    return int(others.argmax())
