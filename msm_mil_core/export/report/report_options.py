"""The parts of a report."""

from pydantic import Field

from msm_mil_core.options import Options
from msm_mil_core.slides.formats.color_choice import ColorChoice


class ReportOptions(Options):
    """The parts of a report."""

    examine: bool = True
    """Whether faithfulness, stability and small sets that decide are examined, which takes longest."""
    gallery_count: int = Field(default=8, ge=0, le=100)
    """Pictures of tiles for each stage."""
    colors: ColorChoice = "srgb"
    """Colours of its pictures: converted to sRGB by the slide's ICC profile, or as-stored, as the file has them."""
    with_label: bool = False
    """Whether images of the slide's label are shown, on which the patient's name may be legible."""
