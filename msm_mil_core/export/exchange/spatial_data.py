"""The tiles and maps of a result as a SpatialData folder, for the scverse's spatial tools."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from msm_mil_core.atomic_folder import whole_folder
from msm_mil_core.export.exchange.anndata_table import as_anndata
from msm_mil_core.export.exchange.exchange_format import require_extra
from msm_mil_core.export.exchange.map_options import MapOptions
from msm_mil_core.export.exchange.stage_maps import StageMaps, draw_maps
from msm_mil_core.results.annotations import Annotations
from msm_mil_core.results.slide_result import SlideResult

TILES, MAPS, TABLE = "tiles", "stage_maps", "tile_table"
PIXELS, MICROMETRES = "global", "micrometer"
"""Coordinate systems: level-0 pixels, as wsidata and LazySlide have them, and micrometres from the slide's corner."""


def write_spatialdata(
    result: SlideResult, path: Path, annotations: Annotations | None = None, options: MapOptions | None = None
) -> None:
    """Write tiles as shapes, their measurements as a table that annotates them, and the maps as an image.

    Raises
    ------
    OutputError
        If spatialdata is not installed, evidence is asked of a model that has none, the folder cannot be written, or
        `path` is something else than a SpatialData folder.
    """
    require_extra("spatialdata")
    maps = draw_maps(result, options)
    with whole_folder(path, holds=is_spatialdata) as part, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what its libraries say of each other's next versions
        _as_spatialdata(result, annotations or Annotations(), maps).write(part)


def is_spatialdata(folder: Path) -> bool:
    """Return whether a folder was written by spatialdata, as far as its beginning shows."""
    marks = (folder / name for name in ("zarr.json", ".zattrs"))
    return any(mark.is_file() and b"spatialdata" in mark.read_bytes() for mark in marks)


def _as_spatialdata(result: SlideResult, annotations: Annotations, maps: StageMaps) -> Any:
    import geopandas
    import shapely
    from spatialdata import SpatialData
    from spatialdata.models import Image2DModel, ShapesModel

    low = result.tiles.xy_px0
    squares = shapely.box(*low.T, *(low + result.tiles.side_px0).T)
    table = as_anndata(result, annotations)
    shapes = geopandas.GeoDataFrame({"geometry": squares}, index=table.obs_names)
    mpp, cell = result.slide.mpp, maps.cell_px0
    return SpatialData(
        images={
            MAPS: Image2DModel.parse(
                maps.values,
                dims=("c", "y", "x"),
                c_coords=list(maps.names),
                transformations=_placed((cell, *maps.origin_px0), mpp),
            )
        },
        shapes={TILES: ShapesModel.parse(shapes, transformations=_placed((1, 0, 0), mpp))},
        tables={TABLE: _annotating(table)},
    )


def _placed(scale_and_corner: tuple[float, float, float], mpp: float | None) -> dict[str, Any]:
    """Return the transforms of an element by the coordinate system that they lead to."""
    from spatialdata.transformations import Affine

    scale, x, y = scale_and_corner
    to_px0 = np.array([[scale, 0, x], [0, scale, y], [0, 0, 1]], np.float64)
    lead_to = {PIXELS: to_px0} if mpp is None else {PIXELS: to_px0, MICROMETRES: np.diag([mpp, mpp, 1]) @ to_px0}
    axes = ("x", "y")
    return {name: Affine(matrix, input_axes=axes, output_axes=axes) for name, matrix in lead_to.items()}


def _annotating(table: Any) -> Any:
    import pandas as pd
    from spatialdata.models import TableModel

    table.obs["region"] = pd.Categorical([TILES] * table.n_obs)
    table.obs["tile"] = table.obs_names.to_numpy(dtype=object)
    return TableModel.parse(table, region=TILES, region_key="region", instance_key="tile")
