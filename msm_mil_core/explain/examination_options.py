"""How thorough an examination is."""

from pydantic import Field

from msm_mil_core.options import Options


class FaithfulnessOptions(Options):
    """How many points curves have, and how many random draws chance."""

    points: int = Field(default=20, ge=2, le=200)
    """Points of a curve."""
    draws: int = Field(default=10, ge=2, le=1000)
    """Random orders, and random sets of the size of each stage's claim."""
    seed: int = Field(default=0, ge=0)
    """The same seed draws the same chance."""


class StabilityOptions(Options):
    """How many runs there are, and how many tiles are missing in each."""

    runs: int = Field(default=20, ge=2, le=1000)
    """Number of runs with tiles missing."""
    dropped: float = Field(default=0.2, ge=0, lt=1)
    """Share of the tiles that are missing in a run."""
    seed: int = Field(default=0, ge=0)
    """The same seed drops the same tiles."""


class SearchOptions(Options):
    """The limit of a search."""

    budget: int = Field(default=2000, ge=2)
    """How many questions may be asked of the model."""


class ExamineOptions(Options):
    """How thorough an examination is."""

    faithfulness: FaithfulnessOptions = FaithfulnessOptions()
    """Curves, and random tiles to compare stages with."""
    stability: StabilityOptions = StabilityOptions()
    """Runs with tiles missing."""
    search: SearchOptions = SearchOptions()
    """Searches for small sets that decide."""
