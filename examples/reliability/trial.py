"""One try at breaking the product: what was done, and whether the promise held."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trial:
    """One try and its outcome."""

    name: str
    """What was done, in a few words: "killed at write 3 of msm-mil run"."""
    held: bool
    """Whether the product did what it promises."""
    said: str = ""
    """If it did not: what happened instead."""
