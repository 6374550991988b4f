"""msm-mil export: results to what other programs read, and figures."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from msm_mil_core.cli.asking.export_format import Format, check_out, ending_of, makes_folders, written_for
from msm_mil_core.cli.inputs import require_only_result
from msm_mil_core.cli.outputs import check_folders, check_outputs, output_paths
from msm_mil_core.export.exchange.exchange_format import require_extra
from msm_mil_core.export.exchange.map_options import MapOptions
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions


def export(
    results: list[Path],
    /,
    *,
    to: Annotated[Format, Parameter(name=["--to", "--format"])],
    out_folder: Annotated[Path, Parameter(name="--out")] = Path(),
    overwrite: bool = False,
    geojson: Annotated[GeoJsonOptions, Parameter(name="*")] = GeoJsonOptions(),
    maps: Annotated[MapOptions, Parameter(name="*")] = MapOptions(),
) -> int:
    """Write results as GeoJSON (QuPath), CSV or Parquet (one row a tile), PNG (one figure a slide), or maps as images.

    Images of the maps are ome-tiff (QuPath, Fiji, napari) and dicom (a Parametric Map of a DICOM slide); h5ad is an
    AnnData table, spatialdata a folder with tiles, table and maps. Verdicts on the stages are included: in the GeoJSON
    and the tables of tiles, and as a second CSV with one row a stage. Beside a GeoJSON go a script that
    imports it in QuPath, one that imports all of the folder, and a JSON file on its run.

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
    require_extra(to)
    check_out(out_folder, to)
    paths = output_paths(results, out_folder, ending_of(to))
    targets = [each for path in paths.values() for each in written_for(path, to)]
    (check_folders if makes_folders(to) else check_outputs)(targets, overwrite=overwrite)
    from msm_mil_core.cli.work.export import export_results

    return export_results(paths, to, geojson, maps)
