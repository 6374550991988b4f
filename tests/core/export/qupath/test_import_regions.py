import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, box

from msm_mil_core.errors import RegionError
from msm_mil_core.export.qupath.export import write_geojson
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.export.qupath.import_regions import read_regions
from tests.results import a_prediction, a_result, slide_facts, tile_grid

SQUARE = [[[100, 100], [300, 100], [300, 300], [100, 300], [100, 100]]]
ELSEWHERE = [[[500, 500], [600, 500], [600, 600], [500, 600], [500, 500]]]
FACTS = slide_facts((2000, 2000))


def polygon(rings=SQUARE, **properties):
    return {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": rings}, "properties": properties}


@pytest.mark.parametrize(
    "content",
    [
        {"type": "FeatureCollection", "features": [polygon(objectType="annotation")]},
        [polygon(object_type="annotation")],
        polygon(),
        polygon() | {"properties": None},
        polygon()["geometry"],
        polygon()["geometry"] | {"isEllipse": True},
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_every_form_that_qupath_writes_is_read(tmp_path, content, zipped):
    text = json.dumps(content).encode("utf-8-sig")
    path = tmp_path / "drawn.geojson"
    path.write_bytes(gzip.compress(text) if zipped else text)

    regions = read_regions(path, FACTS)

    assert [region.equals(box(100, 100, 300, 300)) for region in regions.polygons] == [True]


def test_parts_and_holes_are_kept(tmp_path):
    hole = [[150, 150], [200, 150], [200, 200], [150, 200], [150, 150]]
    geometry = {"type": "MultiPolygon", "coordinates": [[*SQUARE, hole], ELSEWHERE]}
    path = written(tmp_path, {"type": "Feature", "geometry": geometry, "properties": {}})

    regions = read_regions(path, FACTS)

    assert [region.area for region in regions.polygons] == [200 * 200 - 50 * 50, 100 * 100]


def test_only_annotations_with_an_area_count(tmp_path):
    line = {"type": "Feature", "geometry": {"type": "LineString", "coordinates": [[0, 0], [9, 9]]}, "properties": {}}
    nothing = {"type": "Feature", "geometry": None, "properties": {}}
    tiles = [polygon(objectType="tile"), polygon(objectType="detection"), polygon(objectType="cell")]
    path = written(tmp_path, [line, nothing, *tiles, polygon(ELSEWHERE, objectType="annotation")])

    regions = read_regions(path, FACTS)

    assert [region.bounds for region in regions.polygons] == [(500, 500, 600, 600)]


@settings(max_examples=40)
@given(
    corner=st.tuples(st.integers(-500, 500), st.integers(-500, 500)), rule=st.sampled_from(["auto", "none", "custom"])
)
def test_what_goes_out_as_annotations_comes_back_to_the_same_place(tmp_path_factory, corner, rule):
    options = GeoJsonOptions(top_k=1, origin=rule, custom_origin_px0=corner if rule == "custom" else None)
    facts = slide_facts((2000, 2000), bounds=(*corner, 2600, 2600) if rule == "auto" else None)
    result = a_result(tile_grid([(7, 9)]), slide=facts, prediction=a_prediction(1, S=1))
    path = tmp_path_factory.mktemp("back") / "drawn.geojson"

    write_geojson(result, path, options)
    regions = read_regions(path, facts, options)

    assert [region.bounds for region in regions.polygons] == [(700, 900, 800, 1000)]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is not GeoJSON"),
        (b"just text", "is not GeoJSON"),
        (b"\xff\xfe\x00", "is not GeoJSON"),
        (b"[" * 100_000, "is not GeoJSON"),
        (b'{"type": "FeatureCollection"}', "it has no features"),
        (b'"annotation"', "it has no features"),
        (b"[]", "no annotation with an area"),
        (b"[1]", "Feature 1 of .* is not a valid annotation"),
        (b'[{"geometry": {"type": "Polygon"}}]', "Feature 1 of"),
        (b'[{"geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}}]', "Feature 1 of"),
        (b'[{"geometry": {"type": "Polygon", "coordinates": [[["a", 0], [1, 1], [2, 2]]]}}]', "Feature 1 of"),
        (b'[{"geometry": {"type": "Polygon", "coordinates": 7}}]', "Feature 1 of"),
        (b'[{"geometry": {"type": "Blob", "coordinates": []}}]', "Feature 1 of"),
        (b'[{"geometry": {"type": "Polygon", "coordinates": [[[NaN, 0], [1, 1], [2, 2]]]}}]', "NaN is not a"),
        (gzip.compress(b"[]" * 999)[:30], "cannot be read"),
        (b"\x1f\x8b not gzip at all", "cannot be read"),
    ],
)
def test_a_file_that_holds_no_regions_is_told(tmp_path, content, why):
    path = tmp_path / "drawn.geojson"
    path.write_bytes(content)

    with pytest.raises(RegionError, match=why) as told:
        read_regions(path, FACTS)

    assert "drawn.geojson" in str(told.value)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(RegionError, match=r"no file .*gone\.geojson"):
        read_regions(tmp_path / "gone.geojson", FACTS)


@pytest.mark.parametrize(
    ("ring", "why"),
    [
        ([[0, 0], [100, 100], [100, 0], [0, 100], [0, 0]], "crosses itself"),
        ([[5000, 0], [5100, 0], [5100, 100], [5000, 0]], "outside the slide"),
    ],
)
def test_a_region_that_cannot_limit_a_run_is_told_with_its_file(tmp_path, ring, why):
    path = written(tmp_path, polygon([ring]))

    with pytest.raises(RegionError, match=rf"drawn\.geojson: .*{why}"):
        read_regions(path, FACTS)


def test_a_region_is_a_polygon_in_the_plane(tmp_path):
    path = written(tmp_path, polygon([[[*point, 7] for point in SQUARE[0]]]))

    (region,) = read_regions(path, FACTS).polygons

    assert isinstance(region, Polygon)
    assert not region.has_z


def written(folder, content):
    path = folder / "drawn.geojson"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
