"""The formats of other programs, how their files end, and what must be installed to write them."""

from importlib.util import find_spec
from typing import Literal, get_args

from msm_mil_core.errors import OutputError

ExchangeFormat = Literal["parquet", "ome-tiff", "h5ad", "spatialdata", "dicom"]
EXCHANGE_FORMATS: tuple[ExchangeFormat, ...] = get_args(ExchangeFormat)
ENDINGS: dict[str, str] = {
    "parquet": ".parquet",
    "ome-tiff": ".ome.tif",
    "h5ad": ".h5ad",
    "spatialdata": ".spatialdata.zarr",
    "dicom": ".pm.dcm",
}
FOLDERS: frozenset[ExchangeFormat] = frozenset({"spatialdata"})
"""Formats whose files are folders."""

_NEEDS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "parquet": ("A Parquet file", "tables", ("pyarrow",)),
    "h5ad": ("An AnnData file", "scverse", ("anndata",)),
    "spatialdata": ("A SpatialData folder", "scverse", ("spatialdata", "geopandas")),
    "dicom": ("A DICOM Parametric Map", "dicom", ("highdicom", "pydicom")),
}
"""What is written, the extra that brings what writes it, and the modules of that."""


def require_extra(to: str) -> None:
    """Refuse a format for which something must be installed first; imports nothing, and lets others pass.

    Raises
    ------
    OutputError
        If a package is not installed; it says how to install it.
    """
    what, extra, modules = _NEEDS.get(to, ("", "", ()))
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise OutputError(
            f"{what} needs {missing[0]}, which is not installed. Install it: pip install 'napari-msm-mil[{extra}]'."
        )
