"""Which maps of a result go to other programs as an image."""

from typing import Literal

from msm_mil_core.options import Options


class MapOptions(Options):
    """Which maps of a result go to other programs as an image."""

    maps: Literal["attention", "rank", "evidence"] = "attention"
    """Of an OME-TIFF, SpatialData or DICOM: the attention of each stage, its rank from 0 to 1, or the evidence for
    each class."""
