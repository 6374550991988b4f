"""GeoJSON for QuPath: all tiles with every stage's measurements, top tiles and hot spots of each stage."""

import gzip
from collections.abc import Iterator
from pathlib import Path

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.export.qupath.geojson_check import check_geojson
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.export.qupath.geojson_text import collection_text
from msm_mil_core.export.qupath.result_features import ResultFeatures, result_features
from msm_mil_core.results.annotations import Annotations
from msm_mil_core.results.slide_result import SlideResult

GZIP_ABOVE = 20_000
"""More features than this are written as .geojson.gz, which QuPath opens as it is."""


def write_geojson(
    result: SlideResult, path: Path, options: GeoJsonOptions | None = None, annotations: Annotations | None = None
) -> Path:
    """Write a result for QuPath and return where: `path`, with ".gz" added above 20,000 features.

    Each tile becomes a locked tile object with all stages' measurements; tiles that a stage claims have its class. The
    top tiles of each stage are annotations besides, and outlines of its hot spots where the options say so. Ids depend
    on the slide, the model, its masking and the cell alone, so QuPath asks before it duplicates objects. Verdicts in
    `annotations` go into the names of annotations and of claimed tiles, and, with what else belongs to the run, into
    the metadata of annotations. The file is whole or absent, and is checked by reading it back.
    `write_for_qupath` writes a script that imports it, too.

    Parameters
    ----------
    options
        Which objects are written, and where the origin is; None for the defaults.
    annotations
        As `load_annotations` returns them; None writes no verdicts.

    Raises
    ------
    OutputError
        If it cannot be written there, no tile lies in QuPath's image, or what was written does not read back.
    """
    features = result_features(result, options, annotations)
    path = place_of(features, path)
    with whole_file(path) as part:
        fill_features(features, part, path)
    return path


def place_of(features: ResultFeatures, path: Path) -> Path:
    """Return where they are written: `path`, with ".gz" added if there are many."""
    return path.with_name(f"{path.name}.gz") if len(features) > GZIP_ABOVE and path.suffix != ".gz" else path


def fill_features(features: ResultFeatures, part: Path, path: Path) -> None:
    """Write what goes to QuPath into a file that is being made for `path`, and check it.

    Raises
    ------
    OutputError
        If what was written does not read back.
    """
    _write_text(part, collection_text(features.parts()), zipped=path.suffix == ".gz")
    check_geojson(part, len(features), path)


def _write_text(path: Path, chunks: Iterator[str], *, zipped: bool) -> None:
    with gzip.open(path, "wb", compresslevel=1) if zipped else path.open("wb") as file:
        for chunk in chunks:
            file.write(chunk.encode())
