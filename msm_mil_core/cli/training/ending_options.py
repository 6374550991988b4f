"""What a user chooses for the end of a training."""

from msm_mil_core.options import Options


class EndingOptions(Options):
    """What a user chooses for the end of a training."""

    overwrite: bool = False
    """Replace a model that already exists."""
    baselines: bool = True
    """Compare a single model with simpler ones; with --folds or --seeds there is no such comparison."""
