"""What msm-mil import-model does once its options are known."""

from pathlib import Path

from msm_mil_core.cli.console import print_line
from msm_mil_core.mil.foreign.import_model import as_checkpoint
from msm_mil_core.mil.foreign.import_options import ImportOptions
from msm_mil_core.mil.foreign.recognise import recognise
from msm_mil_core.mil.model_file.checkpoint import save_checkpoint
from msm_mil_core.mil.model_file.model_card import short_card


def convert(weights: Path, options: ImportOptions, target: Path) -> None:
    """Write the checkpoint, and print what was recognised and what was assumed."""
    model = recognise(weights, options.activation)
    saved = save_checkpoint(as_checkpoint(model, options), target)
    print_line(f"{weights} is {model}.")
    if model.assumed:
        print_line(
            f"Assumed, for the file does not say: {'; '.join(model.assumed)}. Where that is wrong, maps are, too; "
            "--activation changes the first."
        )
    if model.left_out:
        print_line(f"Left out, for it acts in training alone: {', '.join(model.left_out)}.")
    for line in short_card(saved):
        print_line(f"  {line}")
    print_line(f"wrote {target}; use it with: msm-mil run SLIDE --model {target}")
