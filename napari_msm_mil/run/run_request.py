"""What is requested of a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shapely import Polygon

from msm_mil_core.slides.slide import Slide
from napari_msm_mil.files.folders import Folders


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Everything a run needs, read from the window before the thread starts."""

    slide: Path
    mpp: float | None
    """What the user typed; None leaves the slide's own."""
    model: Path
    choices: Mapping[str, object]
    """For `AnalysisOptions.model_validate`."""
    polygons: tuple[Polygon, ...]
    """Limits of the run in level-0 pixels; empty for the whole slide."""
    folders: Folders
    """Where the result and the features are saved."""
    opened: Slide | None = None
    """The slide, where it is in no file but in a layer; it stays open."""
    scheduler: str | None = None
    """Address of the Dask scheduler whose workers run it; None runs it here."""
