"""What a user chooses to encode slides without a model."""

from msm_mil_core.encoders.encode_options import EncodeOptions
from msm_mil_core.options import Options
from msm_mil_core.slides.formats.color_choice import ColorChoice
from msm_mil_core.slides.readers.reader_choice import ReaderChoice
from msm_mil_core.slides.tiling.tile_options import TileOptions
from msm_mil_core.slides.tiling.tissue_options import TissueOptions


class EncodingOptions(Options):
    """What a user chooses to encode slides without a model."""

    mpp: float | None = None
    """Micrometres per level-0 pixel, for slides and pictures that do not record it; overrides those that do."""
    reader: ReaderChoice = "auto"
    """What reads the pixels: auto decodes tiles directly where they are openslide's pixels; openslide on all machines
    makes features alike where some lack a decoder; fsspec reads addresses such as s3://bucket/slide.tif."""
    tissue: TissueOptions = TissueOptions()
    """How tissue is distinguished from glass."""
    tiles: TileOptions = TileOptions()
    """How tiles are laid; side and mpp default to the encoder's."""
    encode: EncodeOptions = EncodeOptions()
    """How tiles become features."""
    colors: ColorChoice = "as-stored"
    """Colours that the encoder gets: as the file has them, or srgb, converted by the slide's ICC profile."""
    allow_coarse: bool = False
    """Encode slides whose pixels are more than four times as large as those of the tiles."""
