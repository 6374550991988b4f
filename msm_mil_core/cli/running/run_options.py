"""What a user chooses for a batch of runs."""

from pathlib import Path

from pydantic import Field

from msm_mil_core.options import Options
from msm_mil_core.slides.pixel_size import SANE_MPP
from msm_mil_core.slides.readers.reader_choice import ReaderChoice


class RunOptions(Options):
    """What a user chooses for a batch of runs beside the analysis itself."""

    model: Path | None = None
    """Checkpoint (.safetensors); the bundled demonstration model by default."""
    out: Path = Path()
    """Folder for the results."""
    device: str | None = None
    """auto, cpu, cuda, cuda:1 or mps; short for --encode.device."""
    mpp: float | None = Field(default=None, ge=SANE_MPP[0], le=SANE_MPP[1], allow_inf_nan=False)
    """Micrometres per level-0 pixel, for slides that do not record it; overrides those that do."""
    reader: ReaderChoice = "auto"
    """What reads the pixels: auto decodes tiles directly where they are openslide's pixels; openslide on all machines
    makes results alike where some lack a decoder; fsspec reads addresses such as s3://bucket/slide.tif."""
    region: Path | None = None
    """GeoJSON with polygons that limit the run, as QuPath exports them; what has a class "Ignore*" is cut out."""
    region_class: tuple[str, ...] = ()
    """Only polygons of this class (classification) limit the run; may be repeated."""
    features: Path | None = None
    """Features encoded before, by this program or another one: a file, or a folder with one for each slide, found by
    its name. Nothing is encoded. Without slides, maps lie on a blank canvas."""
    features_encoder: str | None = None
    """What made the features, by the model's name for it, where their files call it otherwise."""
    overwrite: bool = False
    """Replace results of other models, options or slides; annotations on the same run are preserved."""
    keep_features: bool = True
    """Cache features for reuse in the user's cache folder."""
    like: Path | None = None
    """A result (.msm.h5): run its slide again, or the slides named here, with its model and all its options; what is
    typed beside it counts more."""
    shard: str = "1/1"
    """Take a fixed share of the slides: 1/8 to 8/8, for array jobs of a cluster."""
