"""What belongs to a run, in short texts: the metadata of annotations in QuPath, and the sidecar of an export."""

from msm_mil_core.export.qupath.frame import QuPathFrame
from msm_mil_core.export.tables.verdicts import verdict_summary
from msm_mil_core.results.annotations import Annotations
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.tiling.tile_overlap import do_overlap
from msm_mil_core.slides.tiling.tiles import TileGrid


def run_facts(result: SlideResult, frame: QuPathFrame, annotations: Annotations) -> dict[str, str]:
    """Return what belongs to a run by its names; what is not known is absent."""
    x, y = frame.origin_px0
    facts = {
        "run": result.created,
        "model": f"{result.model.name} ({result.model.sha256[:8]})",
        "encoder": str(result.options.get("encoder", "")),
        "mpp": f"{result.slide.mpp} ({result.slide.mpp_origin})",
        "tile": _tile_text(result.tiles),
        "bounds": f"{frame.rule} {x},{y}",
        "tissue": result.worth.unlike,
        "version": result.versions.get("napari-msm-mil", ""),
        "verdicts": verdict_summary(annotations, result.prediction.map_classes),
    }
    return {name: fact for name, fact in facts.items() if fact}


def _tile_text(tiles: TileGrid) -> str:
    cut = ", overlapping: the middle of each that meets no other" if do_overlap(tiles) else ""
    return f"{tiles.side_px0} px0{cut}"
