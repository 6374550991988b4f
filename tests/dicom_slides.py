"""Small slides in DICOM, one file a level, made from the shared slide's own files."""

from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
from imagecodecs import jpeg2k_encode
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, generate_uid

MM = 0.00025
"""Side of a pixel of the first level, in millimetres as DICOM has it."""


def write_dicom(
    folder: Path, image: NDArray[np.uint8], like: Path, *, steps: Collection[int] = (1, 4), tile_px: int = 128
) -> Path:
    """Write a pyramid of `image` (height, width, 3), reduced by each of `steps`, in JPEG 2000 without loss.

    Parameters
    ----------
    like
        A folder with a slide in DICOM, from which everything else is taken.
    """
    folder.mkdir()
    files = (dcmread(file) for file in sorted(like.glob("*.dcm")))
    volume = next(file for file in files if "VOLUME" in file.ImageType)
    for level, step in enumerate(steps):
        part = image if step == 1 else np.asarray(Image.fromarray(image).reduce(step))
        _as_level(volume, part, step, tile_px).save_as(folder / f"{level}.dcm")
    return folder


def _as_level(volume: Dataset, part: NDArray[np.uint8], step: int, tile_px: int) -> Dataset:
    frames = list(_frames(part, tile_px))
    volume.PixelData = encapsulate(frames)
    volume["PixelData"].is_undefined_length = True
    volume.NumberOfFrames = len(frames)
    volume.Rows = volume.Columns = tile_px
    volume.TotalPixelMatrixRows, volume.TotalPixelMatrixColumns = part.shape[:2]
    volume.PhotometricInterpretation = "RGB"
    volume.file_meta.TransferSyntaxUID = JPEG2000Lossless
    volume.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing = [MM * step] * 2
    volume.ImageType = [
        "ORIGINAL" if step == 1 else "DERIVED",
        "PRIMARY",
        "VOLUME",
        "NONE" if step == 1 else "RESAMPLED",
    ]
    volume.SOPInstanceUID = volume.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    return volume


def _frames(part: NDArray[np.uint8], tile_px: int) -> Iterator[bytes]:
    """Encode the tiles row by row; beyond the edge they hold green, which no reader may show."""
    for top in range(0, part.shape[0], tile_px):
        for left in range(0, part.shape[1], tile_px):
            cut = part[top : top + tile_px, left : left + tile_px]
            tile = np.full((tile_px, tile_px, 3), (0, 255, 0), np.uint8)
            tile[: cut.shape[0], : cut.shape[1]] = cut
            yield bytes(jpeg2k_encode(tile, level=0, codecformat="j2k", mct=False))
