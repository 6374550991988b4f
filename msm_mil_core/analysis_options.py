"""What a user chooses for a run: one class feeds the command line, the form and the record in the result."""

from msm_mil_core.encoders.encode_options import EncodeOptions
from msm_mil_core.mil.mask_choice import MaskChoice
from msm_mil_core.options import Options
from msm_mil_core.slides.formats.color_choice import ColorChoice
from msm_mil_core.slides.tiling.tile_options import TileOptions
from msm_mil_core.slides.tiling.tissue_options import TissueOptions


class AnalysisOptions(Options):
    """What a user chooses for a run; one class feeds the command line, the form and the record in the result."""

    tissue: TissueOptions = TissueOptions()
    """How tissue is found."""
    tiles: TileOptions = TileOptions()
    """How tiles are laid; side and mpp default to the model's."""
    encode: EncodeOptions = EncodeOptions()
    """How tiles become features."""
    masks: MaskChoice = "checkpoint"
    """Whether tiles claimed by earlier stages are hidden from later ones: as the model is made for, always or never."""
    colors: ColorChoice = "as-stored"
    """Colours that the encoder gets: as the file has them, or srgb, converted by the slide's ICC profile."""
    allow_coarse: bool = False
    """Run on slides whose pixels are more than four times as large as those of the tiles."""
