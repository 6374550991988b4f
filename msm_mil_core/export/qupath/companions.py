"""An export for QuPath with what belongs to it: scripts that import it, and its provenance."""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.display.stage_style import STAGE_COLOURS, stage_name, stage_ramp, stage_rgb
from msm_mil_core.export.qupath.companion_names import IMPORT_ALL, import_script_beside, provenance_beside
from msm_mil_core.export.qupath.export import fill_features, place_of
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.export.qupath.result_features import ResultFeatures, result_features
from msm_mil_core.export.qupath.scripts.groovy_text import Value, check_script, fill_template
from msm_mil_core.export.qupath.tile_features import qupath_class
from msm_mil_core.export.tables.json_file import Record, fill_json, head
from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.results.annotations import Annotations
from msm_mil_core.results.slide_result import SlideResult

SHOWN_STAGE = 0
"""The stage, counted from 0, whose map the script turns on."""


@dataclass(frozen=True, slots=True)
class QuPathFiles:
    """What was written for QuPath."""

    geojson: Path
    script: Path
    """Imports the GeoJSON into the open image."""
    script_for_all: Path
    """Imports all exports of the folder into the open project."""
    provenance: Path


def write_for_qupath(
    result: SlideResult, path: Path, options: GeoJsonOptions | None = None, annotations: Annotations | None = None
) -> QuPathFiles:
    """Write a result for QuPath as `write_geojson` does, and beside it what imports it there.

    For `NAME.geojson` these are the script `NAME.import.groovy`, and `NAME.provenance.json` with what belongs to the
    run; and, once for the folder, `import-all.groovy`. All of them are written, or none.

    Raises
    ------
    OutputError
        If something cannot be written there, no tile lies in QuPath's image, or a script of one of these names was not
        written by an export.
    """
    features = result_features(result, options, annotations)
    files = _files(place_of(features, path))
    check_script(files.script)
    check_script(files.script_for_all)
    with ExitStack() as parts:  # none is in place before all are written

        def part(path: Path) -> Path:
            return parts.enter_context(whole_file(path))

        fill_features(features, part(files.geojson), files.geojson)
        fill_json(_provenance(result, features, files.geojson), part(files.provenance))
        part(files.script).write_text(_import_script(result, features, files.geojson), encoding="ascii")
        script_for_all = fill_template("import_all", _for_all(files.geojson.parent))
        part(files.script_for_all).write_text(script_for_all, encoding="ascii")
    return files


def _files(geojson: Path) -> QuPathFiles:
    return QuPathFiles(
        geojson=geojson,
        script=import_script_beside(geojson),
        script_for_all=geojson.with_name(IMPORT_ALL),
        provenance=provenance_beside(geojson),
    )


def class_colours(names: Iterable[str]) -> dict[str, int]:
    """Return the colour of each map's class, in the order of the stages, as QuPath packs it: ARGB, signed."""
    return {qupath_class(name): _packed(stage_rgb(stage)) for stage, name in enumerate(names)}


def shown_map(prediction: Prediction) -> dict[str, Value]:
    """Return the measurement that QuPath shows at first, and its colours: red, green and blue, from 0 to 1."""
    points = (np.array(stage_ramp(SHOWN_STAGE))[:, :3] * 255).round().astype(int)
    return {"measurement": f"{prediction.map_names[SHOWN_STAGE]} rank", "ramp": points.T.tolist()}


def _import_script(result: SlideResult, features: ResultFeatures, written: Path) -> str:
    known = features.frame.rule != "custom"
    return fill_template(
        "import_result",
        {
            "geojson": written.absolute().as_posix(),
            "slide": result.slide.name,
            "size": list(features.frame.size_px) if known else [],
            "colours": class_colours(result.prediction.map_names),
            **shown_map(result.prediction),
        },
    )


def _for_all(folder: Path) -> dict[str, Value]:
    names = map(stage_name, range(len(STAGE_COLOURS)))
    return {"folder": folder.absolute().as_posix(), "colours": class_colours(names)}


def _provenance(result: SlideResult, features: ResultFeatures, written: Path) -> Record:
    placed, frame = features.measured.placed, features.frame
    return {
        **head("qupath-export/1"),
        "geojson": written.name,
        "slide": {
            "name": result.slide.name,
            "quick_hash": result.slide.quick_hash,
            "size_px0": list(result.slide.size_px0),
        },
        "origin": {"rule": frame.rule, "origin_px0": list(frame.origin_px0), "size_px": list(frame.size_px)},
        "run": dict(features.facts),
        "objects": {
            "tiles": features.tiles,
            "top_tiles": sum(len(top.ids) for top in features.tops),
            "hot_spots": sum(map(len, features.outlines)),
            "hot_spots_left_out": features.left_out,
            "tiles_cut_at_the_edge": placed.clipped,
            "tiles_outside_the_image": placed.dropped,
        },
        "measurements": list(features.measured.measurements),
    }


def _packed(rgb: tuple[int, int, int]) -> int:
    return int.from_bytes(bytes((255, *rgb)), "big", signed=True)
