"""The name of a model file."""

from pathlib import Path

from msm_mil_core.errors import CheckpointError

SUFFIX = ".safetensors"


def check_checkpoint_name(path: Path) -> None:
    """Refuse a name that says another kind of file.

    Raises
    ------
    CheckpointError
        If it does not end in `SUFFIX`.
    """
    if path.suffix != SUFFIX:
        raise CheckpointError(f"Cannot save a model as {path}: name it {path.with_suffix(SUFFIX).name}.")
