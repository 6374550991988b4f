"""msm-mil encode: slides in, one file of features each."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from msm_mil_core.cli.inputs import require_only_slide
from msm_mil_core.cli.running.bag_kind import BagKind
from msm_mil_core.encoders.encoding_options import EncodingOptions


def encode(
    slides: list[Path],
    /,
    *,
    out_folder: Annotated[Path, Parameter(name="--out")],
    bag: BagKind = "picture",
    encoder: str = "efficientnet-lite0",
    overwrite: bool = False,
    options: Annotated[EncodingOptions, Parameter(name="*")] = EncodingOptions(),
) -> int:
    """Encode the tiles of slides or pictures; write one HDF5 file of features a bag, for training.

    Parameters
    ----------
    slides
        Whole-slide images, folders that are one slide (DICOM, OME-Zarr), pictures (PNG, JPEG, TIFF), or folders
        of pictures, which may lie in one another.
    out_folder
        Folder for the features.
    bag
        What of a folder of pictures is a bag: each picture, or the folder, with the tiles of all its pictures.
    encoder
        Name as `msm-mil encoders` lists it.
    overwrite
        Replace features that already exist.
    options
        How tissue is found, tiles are laid and encoded.
    """
    require_only_slide(slides)
    from msm_mil_core.cli.work.encode import encode_slides

    return encode_slides(slides, out_folder, bag, encoder, options, overwrite=overwrite)
