"""A result written in the format of another program."""

from pathlib import Path

from msm_mil_core.export.exchange.map_options import MapOptions
from msm_mil_core.results.annotations import Annotations
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.find_slide import require_slide


def write_exchange(
    result: SlideResult, source: Path, target: Path, to: str, parts: tuple[MapOptions, Annotations]
) -> None:
    """Write a result in a format of another program; a Parametric Map needs the slide, the others the result alone.

    Parameters
    ----------
    source
        The result's file, beside which its slide may lie.
    target
        Where it is written.
    to
        An `ExchangeFormat`.
    parts
        Which maps are written, and the verdicts that go into tables.

    Raises
    ------
    OutputError
        If a package is not installed, or it cannot be written.
    SlideError
        If the slide is needed and cannot be found.
    ValueError
        If there is no such format.
    """
    options, annotations = parts
    if to == "parquet":
        from msm_mil_core.export.exchange.parquet import write_tile_parquet

        write_tile_parquet(result, target, annotations)
    elif to == "ome-tiff":
        from msm_mil_core.export.exchange.ome_tiff import write_ome_tiff

        write_ome_tiff(result, target, options)
    elif to == "h5ad":
        from msm_mil_core.export.exchange.anndata_table import write_anndata

        write_anndata(result, target, annotations)
    elif to == "spatialdata":
        from msm_mil_core.export.exchange.spatial_data import write_spatialdata

        write_spatialdata(result, target, annotations, options)
    elif to == "dicom":
        from msm_mil_core.export.exchange.dicom_map import write_parametric_map

        with require_slide(result.slide, source) as slide:
            write_parametric_map(result, slide, target, options)
    else:
        raise ValueError(f"no format of another program is called {to!r}")
