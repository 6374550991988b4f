"""How many models are trained on one set of bags."""

from pydantic import Field

from msm_mil_core.options import Options


class FoldOptions(Options):
    """How many models are trained, so that results rest on more than one of them."""

    folds: int = Field(default=1, ge=1)
    """Parts into which the patients are divided, each the test part of one model; 1 means a single split."""
    seeds: int = Field(default=1, ge=1)
    """Models for each fold: with the seed, the seed plus one, and so on."""

    shard: str = "1/1"
    """Train a fixed share of these models: 1/4 to 4/4, for array jobs of a cluster that write to one folder."""

    @property
    def several(self) -> bool:
        """Whether this is more than one model."""
        return self.folds * self.seeds > 1
