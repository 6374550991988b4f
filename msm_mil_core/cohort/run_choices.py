"""How many slides are worked on, and when to stop: nothing of it changes a result."""

from pydantic import Field

from msm_mil_core.options import Options


class RunChoices(Options):
    """How a list of slides is worked through."""

    jobs: int = Field(default=1, ge=1, le=256)
    """Processes on this machine, a slide each; with several CUDA devices named, each takes one of them."""
    timeout: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Seconds after which a slide is given up."""
    keep_going: bool = True
    """After a slide that fails, continue with the others."""
    wait: bool = False
    """Wait for slides that other processes work on, and do what they leave undone."""
