"""How tissue is distinguished from glass."""

from pydantic import Field

from msm_mil_core.options import Options


class TissueOptions(Options):
    """How tissue is distinguished from glass."""

    whole_slide: bool = False
    """Treat the whole slide as tissue: for grey or fluorescent images, or to work with regions only."""
    thumbnail_px: int = Field(default=2048, ge=64, le=8192)
    """Longest side of the thumbnail in which tissue is searched."""
    least_saturation: float = Field(default=0.05, ge=0, le=1)
    """Paler areas are never tissue, whatever Otsu's threshold is: excludes the noise of blank glass."""
    sure_saturation: float = Field(default=0.08, ge=0, le=1)
    """More saturated areas are always tissue: includes the pale half of a slide that is full of tissue."""
    skip_ink: bool = True
    """Leave green and blue ink out; turn it off for green or blue stains, such as trichrome or Alcian blue."""
    close_um: float = Field(default=20.0, ge=0, le=1000)
    """Gaps up to twice this width are closed, micrometres."""
    fill_holes_um2: float = Field(default=20_000.0, ge=0)
    """Holes up to this area are filled, square micrometres."""
    drop_specks_um2: float = Field(default=10_000.0, ge=0)
    """Pieces smaller than this area are dropped, square micrometres."""
