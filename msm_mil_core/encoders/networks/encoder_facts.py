"""What an encoder is, as far as that is known before its weights are here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EncoderFacts:
    """Of one encoder."""

    features: int | None
    side_px: int | None
    licence: str
    repository: str
    """Of its weights on the Hugging Face hub; empty if they are in none."""
    files: tuple[str, ...]
    """Of which it needs one."""
    how_to_ask: str = ""
    """Where access is asked for, if its makers say that it is gated."""
