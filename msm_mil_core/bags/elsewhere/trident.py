"""What TRIDENT writes beside a tensor of features: the corners of its tiles, in HDF5."""

from pathlib import Path

PLACES = "patches"
"""The folder of corners, beside those of features by any encoder."""


def find_trident(path: Path) -> tuple[Path, ...]:
    """Return the file that has the corners of the tiles of features_NAME/SLIDE.pt: patches/SLIDE_patches.h5."""
    corners = path.parent.with_name(PLACES) / f"{path.stem}_patches.h5"
    return (corners,) if corners.is_file() else ()
