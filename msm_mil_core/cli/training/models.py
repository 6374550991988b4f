"""msm-mil models: the bundled models and their origin."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from msm_mil_core.cli.console import print_line
from msm_mil_core.cli.inputs import require_models


def models(*paths: Path, full: Annotated[bool, Parameter(negative="")] = False) -> None:
    """Show facts about models: the bundled ones, or your own checkpoints.

    Parameters
    ----------
    paths
        Checkpoints (.safetensors); the bundled ones by default.
    full
        Show everything that is known of them, with the options and figures of their training.
    """
    require_models(paths)
    from msm_mil_core.mil.model_file.checkpoint import bundled_checkpoints, load_checkpoint
    from msm_mil_core.mil.model_file.model_card import full_card, short_card

    for path in paths or bundled_checkpoints():
        checkpoint = load_checkpoint(path)
        first, *others = full_card(checkpoint) if full else short_card(checkpoint)
        print_line(first if full else f"{checkpoint.name}. {first}")
        for line in others:
            print_line(f"  {line}")
    if not full:
        print_line("--full shows everything that is known of a model.")
