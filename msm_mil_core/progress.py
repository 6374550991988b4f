"""How far long work has come: what every long generator yields."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of long work, `done` of `total` units of it; between two of these the work may be dropped."""

    step: str
    """What is being done, as a user reads it: "Finding tissue", "Encoding tiles"."""
    done: int
    total: int
    unit: str = "steps"
    """What is counted: "tiles", "epochs"."""
