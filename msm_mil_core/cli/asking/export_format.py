"""What results are exported to, and the files that this makes."""

from pathlib import Path
from typing import Literal

from msm_mil_core.export.exchange.exchange_format import ENDINGS, FOLDERS, ExchangeFormat
from msm_mil_core.export.qupath.companion_names import import_script_beside, provenance_beside

Format = Literal["geojson", "csv", "png", ExchangeFormat]

_ENDINGS: dict[str, str] = {"geojson": ".geojson", "csv": ".csv", "png": ".png", **ENDINGS}


def ending_of(to: Format) -> str:
    """Return how the names of what is written end."""
    return _ENDINGS[to]


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


def verdicts_beside(target: Path) -> Path:
    """Return where the verdicts on stages go, beside a table of tiles."""
    return target.with_suffix(".verdicts.csv")
