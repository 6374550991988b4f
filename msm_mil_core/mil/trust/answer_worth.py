"""What an answer is worth: whether its model is to be believed, and whether one class is ahead of the others."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.mil.trust.held_out import HeldOut, held_out_of
from msm_mil_core.mil.trust.tissue_distance import TissueDistance

TOO_CLOSE = "too close to call"
UNLIKE = "unlike what it learnt"


@dataclass(frozen=True, slots=True)
class AnswerWorth:
    """What a reader must know of an answer before reading it."""

    answer: str
    """The most probable class, or `TOO_CLOSE`."""
    close: tuple[str, ...]
    """The classes between which it is too close to call, most probable first; empty if it is not."""
    margin: float
    """How far the next class must be behind, 0 to 1."""
    badge: str
    """A warning of the model in a few words; empty if there is none."""
    model: str
    """A sentence on how good the model was on held-out bags."""
    unlike: str = ""
    """A sentence that says so if the tissue is unlike what the model learnt: then the answer means nothing."""

    @property
    def closeness(self) -> str:
        """A sentence on what is too close to call, and why; empty if nothing is."""
        if not self.close:
            return ""
        *others, last = self.close
        return (
            f"Too close to call between {', '.join(others)} and {last}: less than {self.margin:.2f} apart, "
            "and this model's probabilities may be that far off."
        )

    @property
    def short(self) -> str:
        """The answer in a cell of a table."""
        answer = f"{self.answer}: {' or '.join(self.close)}" if self.close else self.answer
        return f"{answer} ({UNLIKE})" if self.unlike else answer

    @property
    def warning(self) -> str:
        """The badge and its reason; empty if there is no badge."""
        return f"{self.badge}: not to be relied on. {self.model}" if self.badge else ""


def weigh_answer(
    prediction: Prediction, record: Mapping[str, object], tissue: TissueDistance | None = None
) -> AnswerWorth:
    """Judge a prediction by its model's record, and by how far the tissue lies from what the model learnt from.

    It is too close to call where another class is no further behind than twice the error of the model's probabilities
    (`HeldOut.error`): one may be too high by it, and the other too low.
    """
    held_out = held_out_of(record)
    margin = min(1.0, 2 * held_out.error)
    order = np.argsort(-prediction.probabilities, kind="stable")
    behind = prediction.probabilities[order[0]] - prediction.probabilities[order]
    close = tuple(prediction.classes[index] for index in order[behind <= margin])
    close = close if len(close) > 1 else ()
    return AnswerWorth(
        answer=TOO_CLOSE if close else prediction.winner,
        close=close,
        margin=margin,
        badge=_badge(held_out),
        model=str(held_out),
        unlike=tissue.warning if tissue else "",
    )


def _badge(held_out: HeldOut) -> str:
    near_chance = "near chance" if held_out.near_chance else ""
    if held_out.demonstration:
        return f"Demonstration model{', ' * bool(near_chance)}{near_chance}"
    if np.isnan(held_out.auc):
        return "Model without an evaluation"
    return f"Model {near_chance}" if near_chance else ""
