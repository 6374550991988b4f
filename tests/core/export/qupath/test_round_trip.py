"""Slide, run, GeoJSON, edited in QuPath, regions, run: nothing moves by more than half a level-0 pixel."""

import json

import numpy as np
import pytest
import shapely
from shapely.geometry import mapping, shape

from msm_mil_core.analysis_options import AnalysisOptions
from msm_mil_core.export.qupath.companions import write_for_qupath
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.export.qupath.hot_spots import GRID_PX
from msm_mil_core.export.qupath.import_regions import read_regions
from msm_mil_core.pipeline import analyse
from msm_mil_core.progress import finish
from msm_mil_core.slides.slide import open_slide
from tests.results import a_prediction, a_result, block_of_tiles, slide_facts
from tests.seekers import seeker_of
from tests.slides import BOUNDS, a_drawn_slide

OPTIONS = GeoJsonOptions(all_tiles=False, top_k=1, hot_spots_percent=10)


@pytest.mark.parametrize("bounds", [None, BOUNDS], ids=["without bounds", "with bounds"])
def test_what_was_exported_edited_and_read_back_limits_the_next_run_to_its_place(tmp_path, bounds):
    drawn = a_drawn_slide(tmp_path / ("drawn.scn" if bounds else "drawn.tiff"), bounds=bounds)
    model = seeker_of(drawn, tmp_path)
    x, y, side, _ = drawn.hot_px0
    with open_slide(drawn.path) as slide:
        first = finish(analyse(slide, model, AnalysisOptions()))
        exported = write_for_qupath(first, tmp_path / "drawn.geojson", OPTIONS).geojson
        edited = as_qupath_saves(exported, tmp_path / "edited.geojson")

        regions = read_regions(edited, slide.facts)
        again = finish(analyse(slide, model, AnalysisOptions(), regions=regions))

    best = regions.polygons[[label.name for label in regions.labels].index("Stage 1 top 1")]
    assert best.hausdorff_distance(shapely.box(x, y, x + side, y + side)) <= 0.5
    centres = first.tiles.xy_px0 + first.tiles.side_px0 / 2
    assert {tuple(xy) for xy in again.tiles.xy_px0} == {tuple(xy) for xy in first.tiles.xy_px0[regions.hold(centres)]}
    assert [x, y] in again.tiles.xy_px0.tolist()
    assert 1 <= len(again.tiles) < len(first.tiles)
    assert again.options["region_names"][0]["class"] == "Stage 1"


@pytest.mark.parametrize("bounds", [None, (300, 200, 1500, 1300)])
def test_every_outline_comes_back_to_where_it_was(tmp_path, bounds):
    facts = slide_facts((2000, 2000), bounds=bounds)
    result = a_result(block_of_tiles(20, 20), slide=facts, prediction=a_prediction(400, S=2))
    exported = write_for_qupath(result, tmp_path / "drawn.geojson", OPTIONS).geojson

    regions = read_regions(as_qupath_saves(exported, tmp_path / "edited.geojson"), facts)

    corner = bounds[:2] if bounds else (0, 0)
    outlines = [shape(feature["geometry"]) for feature in json.loads(exported.read_text())["features"]]
    assert len(regions.polygons) == len(outlines)
    for region, outline in zip(regions.polygons, outlines, strict=True):
        assert region.hausdorff_distance(shapely.transform(outline, lambda xy: xy + np.array(corner))) <= 0.5


def as_qupath_saves(exported, path):
    """Moved to QuPath's grid, unlocked and saved as a list, with two decimals, as its own export does."""
    edited = []
    for feature in json.loads(exported.read_text())["features"]:
        snapped = shapely.set_precision(shape(feature["geometry"]), GRID_PX)
        corners = json.loads(json.dumps(mapping(snapped)), parse_float=lambda text: round(float(text), 2))
        edited.append(feature | {"geometry": corners, "properties": feature["properties"] | {"isLocked": False}})
    path.write_text(json.dumps(edited))
    return path
