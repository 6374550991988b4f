"""A slide of a list, with what is special about it."""

from pathlib import Path

from pydantic import Field

from msm_mil_core.options import Options
from msm_mil_core.slides.formats.address import remote_address
from msm_mil_core.slides.pixel_size import SANE_MPP


class SlideEntry(Options):
    """One slide to run."""

    slide: Path
    """The file, or a folder that holds one DICOM slide."""
    mpp: float | None = Field(default=None, ge=SANE_MPP[0], le=SANE_MPP[1], allow_inf_nan=False)
    """Micrometres per level-0 pixel, which overrides the file's own."""
    region: Path | None = None
    """GeoJSON with polygons that limit the run."""
    features: Path | None = None
    """Features of its tiles, encoded before; then the slide is not encoded."""

    @property
    def alone(self) -> bool:
        """Whether there are features only: then `slide` names them, and maps lie on a blank canvas."""
        return self.features is not None and self.slide == self.features

    def absolute(self) -> "SlideEntry":
        """Return it with paths that hold in any folder."""
        paths = {name: getattr(self, name) for name in ("slide", "region", "features")}
        here = {name: path for name, path in paths.items() if path is not None and remote_address(path) is None}
        return self.replace(**{name: path.absolute() for name, path in here.items()})
