"""What results are exported to, and the files that this makes."""

from pathlib import Path
from typing import Literal

Format = Literal["geojson", "csv", "png"]


def written_for(target: Path, to: Format) -> tuple[Path, ...]:
    """Return every file that may be written for one result."""
    if to == "csv":
        return target, verdicts_beside(target)
    return (target, target.with_name(f"{target.name}.gz")) if to == "geojson" else (target,)


def verdicts_beside(target: Path) -> Path:
    """Return where the verdicts on stages go, beside a table of tiles."""
    return target.with_suffix(".verdicts.csv")
