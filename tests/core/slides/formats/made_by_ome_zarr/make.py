"""Makes the zipped OME-Zarr images beside it, with ome-zarr 0.18 and zarr 3.1 (kept: they need an older pydantic)."""

import shutil
from pathlib import Path

import numpy as np
import zarr
from ome_zarr.format import FormatV04, FormatV05
from ome_zarr.writer import write_image

HERE = Path(__file__).parent
UM = 0.25


def main() -> None:
    """Write a field of colours, red growing to the right, green growing down, of 96 x 64 pixels."""
    row, col = np.mgrid[:64, :96]
    image = np.stack([col * 2, row * 3, np.full_like(row, 90)]).astype(np.uint8)
    for version, form, zarr_format in (("0.4", FormatV04(), 2), ("0.5", FormatV05(), 3)):
        folder = HERE / f"field-{version}.zarr"
        group = zarr.open_group(str(folder), mode="w", zarr_format=zarr_format)
        write_image(
            image,
            group,
            fmt=form,
            axes="cyx",
            scale={"c": 1.0, "y": UM, "x": UM},
            axes_units={"y": "micrometer", "x": "micrometer"},
            scale_factors=[2],
            storage_options={"chunks": (1, 32, 32)},
        )
        shutil.make_archive(str(folder), "zip", folder)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
