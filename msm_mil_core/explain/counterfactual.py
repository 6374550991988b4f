"""Small sets of tiles that decide: those whose removal changes the answer, and those that suffice for it.

What is necessary and what is sufficient, as HIPPO asks it: Kaczmarzyk et al. 2024, arXiv 2409.03080. The search is
greedy: the set it finds cannot always be proved to be the smallest, but no tile of a `minimal` one can be spared.

Whether the answer can change at all is known beforehand. Attention over tiles and weights of stages sum to one, so the
logits of any part of the bag are a weighted mean of those of its single tiles: if each of them alone gives the answer,
every part does; if one of them alone gives another, taking away all the rest changes it.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from msm_mil_core.explain.decisive_set import DecisiveSet, Finding, Floats, Kind
from msm_mil_core.explain.examination_options import SearchOptions
from msm_mil_core.explain.selections.selection import Chosen
from msm_mil_core.mil.tile_outputs import TileOutputs
from msm_mil_core.progress import Progress

SEARCHING = "Searching"
PROVING = "Trying whether one of them can be spared"
"""The step when there is a set, but it is not known yet whether all its tiles are needed."""
NOTHING_YET = Finding(0, None, minimal=False)


@dataclass(frozen=True, slots=True, eq=False)
class Counterfactual:
    """A set of tiles that decides."""

    kind: Kind
    """flip = without them the answer changes; sufficient = with them alone it stays."""
    tiles: Chosen
    """(N,); none if no set was found."""
    found: bool
    minimal: bool
    """Whether every single tile of it is needed; False also while that is being tried, and if the budget was spent."""
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
            return "fewer may be enough: it is not known whether one can be spared"
        return "it cannot be spared" if count == 1 else "none of them can be spared, but another set may be smaller"

    def _all_needed(self, answer: str) -> str:
        if self.minimal:
            every = "the one tile there is" if len(self.tiles) == 1 else f"all {len(self.tiles):,} tiles"
            return f"None can be spared: the answer {answer} needs {every}."
        return (
            f"All {len(self.tiles):,} tiles together give the answer {answer}: "
            "it is not known whether one can be spared."
        )

    def _not_found(self, answer: str) -> str:
        if self.kind == "flip" and not self.asked:
            return f"No set of tiles changes the answer {answer}: every tile alone gives it."
        if self.kind == "flip":
            return f"No set was found without which the answer {answer} changes ({self.asked:,} questions asked)."
        return f"No set was found that alone suffices for {answer} ({self.asked:,} questions asked)."


@dataclass(frozen=True, slots=True)
class SearchProgress(Progress):
    """How far a search is, and the set that it has so far."""

    so_far: Counterfactual | None = None
    """It decides, but whether its tiles can be spared is still being tried; None before there is one."""


Search: TypeAlias = Generator[SearchProgress, None, Counterfactual]


def find_flip(tile_outputs: TileOutputs, options: SearchOptions) -> Search:
    """Find few tiles without which another class is most probable.

    A first set comes after questions that grow in number with the logarithm of the tiles: tiles with most support for
    the answer are removed, twice as many each time and ranked again, until it changes, and then as few of the last ones
    as change it; what is left in the end is the tile with most support against it. Then blocks of tiles and single
    tiles are put back, those with least support for the answer first, as long as it stays changed.
    """
    return _find(tile_outputs, options, "flip")


def find_sufficient(tile_outputs: TileOutputs, options: SearchOptions) -> Search:
    """Find few tiles with which alone the class that the model chose stays the most probable.

    As `find_flip` does: the tiles with most support for the answer are added until it is reached; then blocks of tiles
    and single tiles are removed as long as it stays.
    """
    return _find(tile_outputs, options, "sufficient")


def _find(tile_outputs: TileOutputs, options: SearchOptions, kind: Kind) -> Search:
    search = DecisiveSet(tile_outputs, kind, options.budget)
    found = _counterfactual(search, NOTHING_YET)
    for finding in search.findings():
        found = _counterfactual(search, finding)
        step, so_far = (PROVING, found) if found.found else (SEARCHING, None)
        yield SearchProgress(step, finding.asked, options.budget, "questions", so_far)
    return found


def _counterfactual(search: DecisiveSet, finding: Finding) -> Counterfactual:
    whole, tiles = search.whole, finding.tiles
    return Counterfactual(
        kind=search.kind,
        tiles=np.zeros(len(search), bool) if tiles is None else tiles.copy(),
        found=tiles is not None,
        minimal=finding.minimal,
        asked=finding.asked,
        classes=whole.classes,
        before=whole.probabilities,
        after=whole.probabilities if tiles is None else search.after(tiles),
    )
