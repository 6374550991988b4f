"""msm-mil models: the bundled models and their origin."""

from pathlib import Path

from rich.table import Table

from msm_mil_core.cli.console import out
from msm_mil_core.mil.checkpoint import Checkpoint, bundled_checkpoints, load_checkpoint


def models(*paths: Path) -> None:
    """Show facts about models: the bundled ones, or your own checkpoints.

    Parameters
    ----------
    paths
        Checkpoints (.safetensors); the bundled ones by default.
    """
    for path in paths or bundled_checkpoints():
        out.print(_card(load_checkpoint(path)))


def _card(checkpoint: Checkpoint) -> Table:
    table = Table(title=checkpoint.name, title_justify="left", show_header=False)
    facts = {
        "file": str(checkpoint.path),
        "classes": ", ".join(checkpoint.classes),
        "preset": f"{checkpoint.options.preset}, {checkpoint.options.stages} stages",
        "encoder": checkpoint.encoder,
        "tiles": f"{checkpoint.side_px} px at {checkpoint.mpp:g} micrometres per pixel",
        "sha256": checkpoint.sha256,
    }
    for key, text in (facts | dict(checkpoint.record)).items():
        table.add_row(key, str(text))
    return table
