"""What goes to QuPath, and where its coordinates begin."""

from pydantic import Field, model_validator

from msm_mil_core.export.qupath.origin_rule import OriginRule
from msm_mil_core.options import Options


class GeoJsonOptions(Options):
    """What goes to QuPath, and where its coordinates begin."""

    top_k: int = Field(10, ge=0, le=1000)
    """How many tiles of highest attention of each stage also become annotations, QuPath's gallery; 0 for none."""
    origin: OriginRule = "auto"
    """Where QuPath's coordinates begin: auto = the corner of the slide's bounds, as QuPath crops; none = the slide's
    own corner, for images added with --no-crop; custom = custom_origin_px0."""
    custom_origin_px0: tuple[int, int] | None = None
    """The corner (x, y) in level-0 pixels, for custom only."""

    @model_validator(mode="after")
    def _custom_has_its_corner(self) -> "GeoJsonOptions":
        if (self.origin == "custom") != (self.custom_origin_px0 is not None):
            raise ValueError("the origin custom and its corner, custom-origin-px0, go together: give both or neither")
        return self
