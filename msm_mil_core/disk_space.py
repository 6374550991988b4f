"""Whether a disk has room for what will be written to it."""

import shutil
from pathlib import Path

from msm_mil_core.errors import OutputError

ANOTHER_FOLDER = "another --out folder"
RESERVE_BYTES = 2**20
"""What is left free besides the estimate: names and folders take space, too."""


def check_space(folder: Path, needed_bytes: int, instead: str = ANOTHER_FOLDER) -> None:
    """Refuse work whose output a disk cannot hold.

    Raises
    ------
    OutputError
        If less is free than `needed_bytes`.
    """
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes + RESERVE_BYTES:
        raise OutputError(
            f"About {_megabytes(needed_bytes + RESERVE_BYTES)} will be written into {folder}, where "
            f"{_megabytes(free_bytes)} are free. Free some space, or use {instead}."
        )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.3g} MB" if size < 1e9 else f"{size / 1e9:.3g} GB"
