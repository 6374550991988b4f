"""What is said between the process that holds the claims, and those that run the slides."""

from dataclasses import dataclass

from msm_mil_core.cohort.ahead.devices_ahead import DevicesAhead
from msm_mil_core.cohort.job_queue import TakenJob
from msm_mil_core.cohort.slide_answer import SlideAnswer


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where a process computes."""

    ahead: DevicesAhead
    threads: int
    """Of the CPU, at most."""


@dataclass(frozen=True, slots=True)
class Order:
    """With which slide a process is to begin."""

    taken: TakenJob
    alone: bool = False
    """Whether it asks for no other one: if it dies, it is known why."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Everything is imported, and the slide of the order begun."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The next slide could be read; answered by a job, or None where there is no more."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a slide ended."""

    key: str
    answer: SlideAnswer | None
    why: str
    """Why there is no answer."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Rested:
    """Everything has ended of what was begun; the process waits for an order."""


@dataclass(frozen=True, slots=True)
class Died:
    """What the end of a process says."""

    why: str


FromChild = Begun | Asked | Ended | Rested
ToChild = Order | TakenJob | None
"""A job answers what was asked; None does so, too, and ends a process that rests."""
