"""What a user chooses for an evaluation besides bags, labels and models."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from pydantic import Field

from msm_mil_core.learning.dataset.bag_choice import Choice
from msm_mil_core.options import Options


class EvaluateOptions(Options):
    """What a user chooses for an evaluation besides bags, labels and models."""

    part: Choice | None = None
    """Which bags of the table; its test bags if left out, or all if it names none."""
    encoder: str | None = Field(default=None, min_length=1)
    """The encoder that made the features, for files that name it otherwise than the models do."""
    device: str = "auto"
    """What computes: auto (CUDA, then MPS, then the CPU), cpu, cuda, cuda:1 or mps."""
    json_file: Annotated[Path | None, Parameter(name="--json")] = None
    """Write every metric, and each bag's probabilities, as JSON."""
    figure: Path | None = None
    """Draw reliability diagrams and confusion matrices as PNG."""
    overwrite: bool = False
    """Replace a JSON file or figure that already exists."""
