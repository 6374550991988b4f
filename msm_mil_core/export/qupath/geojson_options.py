"""What goes to QuPath, and where its coordinates begin."""

from pydantic import Field, model_validator

from msm_mil_core.export.qupath.origin_rule import OriginRule
from msm_mil_core.options import Options


class GeoJsonOptions(Options):
    """What goes to QuPath, and where its coordinates begin."""

    all_tiles: bool = True
    """Every tile as a locked tile object with all stages' measurements, which QuPath's measurement maps colour."""
    top_k: int = Field(10, ge=0, le=1000)
    """How many tiles of highest attention of each stage also become annotations, QuPath's gallery; 0 for none."""
    hot_spots_percent: float = Field(0, ge=0, le=50)
    """Outlines around this share of the tiles that a stage was shown, those of highest attention; 0 for none."""
    origin: OriginRule = "auto"
    """Where QuPath's coordinates begin: auto = the corner of the slide's bounds, as QuPath crops; none = the slide's
    own corner, for images added with --no-crop; custom = custom_origin_px0."""
    custom_origin_px0: tuple[int, int] | None = None
    """The corner (x, y) in level-0 pixels, for custom only."""

    @model_validator(mode="after")
    def _something_is_written(self) -> "GeoJsonOptions":
        if not (self.all_tiles or self.top_k or self.hot_spots_percent):
            raise ValueError("nothing would be written: choose all tiles, top tiles or hot spots")
        return self

    @model_validator(mode="after")
    def _custom_has_its_corner(self) -> "GeoJsonOptions":
        if (self.origin == "custom") != (self.custom_origin_px0 is not None):
            raise ValueError("the origin custom and its corner, custom-origin-px0, go together: give both or neither")
        return self
