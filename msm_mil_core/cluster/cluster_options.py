"""Which cluster runs the slides."""

from typing import Self

from pydantic import Field, model_validator

from msm_mil_core.options import Options


class ClusterOptions(Options):
    """Which Dask cluster runs the slides; none of both: this process and its children."""

    scheduler: str | None = None
    """Address of a Dask scheduler, as tcp://host:8786: its workers run the slides; folders must be the same there."""
    local: int | None = Field(default=None, ge=1, le=256)
    """Start so many Dask workers on this machine, each with a GPU of its own where there are several."""

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if self.scheduler is not None and self.local is not None:
            raise ValueError("give --scheduler or --local, not both")
        return self

    @property
    def wanted(self) -> bool:
        """Whether a cluster is to run the slides."""
        return self.scheduler is not None or self.local is not None
