"""What is requested of a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shapely import Polygon

from msm_mil_core.slides.regions import RegionLabel
from msm_mil_core.slides.slide import Slide
from napari_msm_mil.files.folders import Folders


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Everything a run needs, read from the window before the thread starts."""

    slide: Path | None
    """None for features that are run without their slide."""
    mpp: float | None
    """What the user typed; None leaves the slide's own."""
    model: Path
    choices: Mapping[str, object]
    """For `AnalysisOptions.model_validate`."""
    polygons: tuple[Polygon, ...]
    """Limits of the run in level-0 pixels; empty for the whole slide."""
    labels: tuple[RegionLabel, ...]
    """What each of them is called; empty if nothing is known of any."""
    folders: Folders
    """Where the result and the features are saved."""
    opened: Slide | None = None
    """The slide, where it is in no file but in a layer; it stays open."""
    scheduler: str | None = None
    """Address of the Dask scheduler whose workers run it; None runs it here."""
    features: Path | None = None
    """Features that were encoded before; None encodes the slide."""
    features_encoder: str | None = None
    """What made them, as the user says; None takes what the file states."""

    @property
    def name(self) -> str:
        """Of what is run: the slide, or else the features."""
        path = self.slide or self.features
        return "" if path is None else path.name
