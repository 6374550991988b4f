"""What results are exported to, and the files that this makes."""

from pathlib import Path
from typing import Literal

from msm_mil_core.errors import OutputError
from msm_mil_core.export.exchange.exchange_format import ENDINGS, FOLDERS, ExchangeFormat
from msm_mil_core.export.qupath.companion_names import import_script_beside, provenance_beside
from msm_mil_core.file_names import verdicts_beside

Format = Literal["geojson", "csv", "png", ExchangeFormat]

_ENDINGS: dict[str, str] = {"geojson": ".geojson", "csv": ".csv", "png": ".png", **ENDINGS}


def ending_of(to: Format) -> str:
    """Return how the names of what is written end."""
    return _ENDINGS[to]


def check_out(folder: Path, to: Format) -> None:
    """Refuse the name of a file where a folder is asked for: a folder of that name would hold the file.

    Raises
    ------
    OutputError
        If `folder` is not there, and ends as files of the format do.
    """
    if folder.name.lower().endswith(ending_of(to)) and not folder.is_dir():
        raise OutputError(
            f"--out names a folder, and {folder} is the name of a file. Each file is named after its result: give the "
            "folder alone."
        )


def makes_folders(to: Format) -> bool:
    """Return whether what is written is a folder, not a file."""
    return to in FOLDERS


def written_for(target: Path, to: Format) -> tuple[Path, ...]:
    """Return every file that may be written for one result."""
    if to == "csv":
        return target, verdicts_beside(target)
    if to == "geojson":
        beside = (import_script_beside(target), provenance_beside(target))
        return target, target.with_name(f"{target.name}.gz"), *beside
    return (target,)
