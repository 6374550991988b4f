"""msm-mil export: results to GeoJSON for QuPath, CSV or a figure."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from msm_mil_core.cli.asking.export_format import Format, written_for
from msm_mil_core.cli.inputs import require_only_result
from msm_mil_core.cli.outputs import check_outputs, output_paths
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions


def export(
    results: list[Path],
    /,
    *,
    to: Format,
    out_folder: Annotated[Path, Parameter(name="--out")] = Path(),
    overwrite: bool = False,
    geojson: Annotated[GeoJsonOptions, Parameter(name="*")] = GeoJsonOptions(),
) -> int:
    """Write results as GeoJSON (QuPath), CSV (one row a tile) or PNG (one figure a slide).

    Verdicts on the stages are included: in the GeoJSON, and as a second CSV with one row a stage.

    Parameters
    ----------
    results
        Result files (.msm.h5) of `msm-mil run` or of the napari window.
    to
        The format.
    out_folder
        Folder for what is written.
    overwrite
        Replace files that already exist.
    """
    require_only_result(results)
    paths = output_paths(results, out_folder, f".{to}")
    check_outputs([each for path in paths.values() for each in written_for(path, to)], overwrite=overwrite)
    from msm_mil_core.cli.work.export import export_results

    return export_results(paths, to, geojson)
