"""Which parts of a slide a question leaves out, or keeps."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


@dataclass(frozen=True, slots=True)
class Parts:
    """The tiles to remove, and the tiles to keep."""

    remove: tuple[str, ...] = ()
    """Without these tiles: stage2 (what it claims), stage1:top5 (its top 5 %), tile17, tiles:3,4,9; may be repeated."""
    keep: tuple[str, ...] = ()
    """Only these tiles, in the same words; if repeated, only those in every selection."""
    remove_region: Path | None = None
    """Without what lies in the polygons of a GeoJSON file, as QuPath exports annotations."""
    keep_region: Path | None = None
    """Only what lies in them."""
    region_class: Annotated[tuple[str, ...], Parameter(negative="")] = ()
    """Of the polygons in these files, only those of this class (classification); may be repeated."""
