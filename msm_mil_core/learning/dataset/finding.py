"""What is wrong with bags and labels, or worth knowing, before training."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from msm_mil_core.errors import MsmMilError

NAMES_SHOWN = 5
"""How many names a sentence lists before it only counts."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a user should know, and can put right."""

    what: str
    """A sentence."""
    next_step: str
    """What to do about it, a sentence."""
    bags: tuple[str, ...] = ()
    """The slides, files or patients that it is about; empty if it is about all of them."""
    fatal: bool = True
    """Whether it must be put right before training."""

    @property
    def sentence(self) -> str:
        """Both sentences, as an error gives them."""
        return f"{self.what} {self.next_step}"

    @classmethod
    def of_error(cls, exc: MsmMilError, *bags: str) -> Self:
        """Return what stops the work: our errors say what happened, and then what to do."""
        what, stop, next_step = str(exc).rpartition(". ")
        return cls(f"{what}.", next_step, bags) if stop else cls(str(exc), "", bags)


def listed(names: Sequence[object]) -> str:
    """Name the first few, and count the rest."""
    shown = ", ".join(map(str, names[:NAMES_SHOWN]))
    return shown if len(names) <= NAMES_SHOWN else f"{shown} and {len(names) - NAMES_SHOWN} more"
