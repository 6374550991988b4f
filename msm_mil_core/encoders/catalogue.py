"""The table of encoders: one line each, in words."""

from dataclasses import dataclass

DEFAULT_ENCODER = "efficientnet-lite0"
"""Its weights come with the installation, so it works without a network."""


@dataclass(frozen=True, slots=True)
class EncoderListing:
    """One line of the table of encoders, in words."""

    name: str
    """As `load_encoder` takes it; capitals stand for what a user fills in."""
    features: str
    side: str
    mpp: str
    licence: str
    state: str
    """Whether it can be used here, and what is missing."""

    def row(self) -> tuple[str, ...]:
        """Return name, features, side, mpp, licence and state."""
        return (self.name, self.features, self.side, self.mpp, self.licence, self.state)
