"""What the model would predict for a part of the slide: questions, and their answers."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from msm_mil_core.errors import QuestionError
from msm_mil_core.explain.selections.selection import Chosen, Selection, describe, select
from msm_mil_core.mil.aggregate import aggregate
from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.mil.tile_outputs import TileOutputs
from msm_mil_core.options import Options
from msm_mil_core.slides.tiling.tiles import TileGrid

Verb = Literal["remove", "keep"]

CANNOT_ASK = (
    "This result cannot be questioned: {why} Its maps, comparison and verdicts can be used. "
    "Run the slide with a model without a refinement block (presets default and explain)."
)
REFINED = "in its model (preset paper) tiles change each other, so none can be removed on its own."
OLD = "it was written by an older version or another program, without the data that questions need."


class Step(Options):
    """One change to the bag: tiles removed, or all others."""

    verb: Verb
    """remove = without these tiles; keep = only these tiles."""
    selection: Selection
    """Which tiles."""

    def __str__(self) -> str:
        return f"{'without' if self.verb == 'remove' else 'only'} {describe(self.selection)}"


class Question(Options):
    """Steps that leave a part of the slide to ask the model about."""

    steps: tuple[Step, ...] = ()
    """Each acts on what the steps before it left; without steps the question is about the whole slide."""
    name: str = ""
    """A name that a user gave it."""

    def __str__(self) -> str:
        return self.name or ", ".join(map(str, self.steps)) or "the whole slide"


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question that grows step by step, and can go back."""

    done: tuple[Step, ...] = ()
    undone: tuple[Step, ...] = ()
    """Undone steps, the last undone first."""

    @property
    def question(self) -> Question:
        """The current question."""
        return Question(steps=self.done)

    def then(self, step: Step) -> "Inquiry":
        """Add a step; undone steps are discarded."""
        return Inquiry((*self.done, step))

    def undo(self) -> "Inquiry":
        """Undo the last step; without one nothing changes."""
        return replace(self, done=self.done[:-1], undone=(*self.done[-1:], *self.undone))

    def redo(self) -> "Inquiry":
        """Redo the last undone step; without one nothing changes."""
        return replace(self, done=(*self.done, *self.undone[:1]), undone=self.undone[1:])


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The prediction for the whole slide, and for the part that a question keeps."""

    question: Question
    kept: Chosen
    """(N,), the remaining tiles."""
    before: Prediction
    after: Prediction
    """Over all tiles: attention is NaN, evidence 0, where a tile is not kept."""

    def __repr__(self) -> str:
        return f"<Answer: {self}>"

    @property
    def flipped(self) -> bool:
        """Whether another class is most probable now."""
        return self.before.winner != self.after.winner

    def __str__(self) -> str:
        before, after = self.before, self.after
        at = before.classes.index(before.winner)
        left = f"{int(self.kept.sum()):,} of {len(self.kept):,} tiles left"
        moved = f"P({before.winner}) from {before.probabilities[at]:.2f} to {after.probabilities[at]:.2f}"
        flip = f"; the model now says {after.winner}" if self.flipped else ""
        return f"{str(self.question)[:1].upper()}{str(self.question)[1:]} ({left}): {moved}{flip}."


def require_tile_outputs(tile_outputs: TileOutputs | None, *, refined: bool) -> TileOutputs:
    """Return what questions need.

    Raises
    ------
    QuestionError
        If `tile_outputs` is None; the message says why, given whether the model is `refined`.
    """
    if tile_outputs is None:
        raise QuestionError(CANNOT_ASK.format(why=REFINED if refined else OLD))
    return tile_outputs


def kept_tiles(question: Question, tiles: TileGrid, whole: Prediction) -> Chosen:
    """Return for each tile (N,) whether a question keeps it.

    Raises
    ------
    QuestionError
        If a step selects no tile, or none remains.
    """
    kept = np.ones(len(tiles), bool)
    for step in question.steps:
        chosen = select(step.selection, tiles, whole)
        kept &= chosen if step.verb == "keep" else ~chosen
        if not kept.any():
            raise QuestionError(f"Nothing is left to ask about: {step} leaves no tile. Undo it or keep some tiles.")
    return kept


def ask(tile_outputs: TileOutputs, tiles: TileGrid, whole: Prediction, question: Question) -> Answer:
    """Ask the model about the tiles that a question keeps; masks are recomputed.

    The answer equals a run of the model on a bag of just those tiles.

    Parameters
    ----------
    tile_outputs, tiles, whole
        What the model computed of the N tiles, where they are, and its prediction for all of them.
    question
        Steps, each of which removes the tiles of a selection or keeps them alone, one after the other.

    Raises
    ------
    QuestionError
        If a step selects no tile, or none remains.
    """
    kept = kept_tiles(question, tiles, whole)
    return Answer(question, kept, whole, aggregate(tile_outputs, kept))
