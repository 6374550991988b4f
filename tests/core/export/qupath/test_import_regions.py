import contextlib
import gzip
import json
import zipfile

import numpy as np
import pytest
import shapely
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
        polygon()["geometry"] | {"isEllipse": False},
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
        (b'[{"geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}}]', "left out: 1 without an area"),
        (b'[{"geometry": {"type": "MultiPolygon", "coordinates": [[]]}}]', "left out: 1 without an area"),
        (b'[{"geometry": {"type": "Polygon", "coordinates": [[["NaN", 0], [1, 1], [2, 2]]]}}]', "'NaN' is not a"),
        (b'[{"geometry": {"type": "Polygon", "coordinates": [[["Infinity", 0], [1, 1], [2, 2]]]}}]', "is farther"),
        (b'[{"geometry": {"type": "Polygon", "coordinates": [[[null, 0], [1, 1], [2, 2]]]}}]', "None is not a"),
        (b'[{"geometry": {"type": "Polygon", "coordinates": null}}]', "it has None for coordinates"),
        (b'{"type": "FeatureCollection", "features": null}', "it has no features"),
        (b"[null]", "Feature 1 of .*None is no feature"),
        (b'[{}, {"properties": {"name": "left"}, "geometry": 7}]', r"Feature 2 \('left'\) of"),
        (b'[{"geometry": {"type": "Polygon", "coordinates": [[["a", 0], [1, 1], [2, 2]]]}}]', "Feature 1 of"),
        (b'[{"geometry": {"type": "Polygon", "coordinates": 7}}]', "Feature 1 of"),
        (b'[{"geometry": {"type": "Blob", "coordinates": []}}]', "Feature 1 of"),
        (b'[{"geometry": {"type": "Polygon", "coordinates": [[[NaN, 0], [1, 1], [2, 2]]]}}]', "nan is not a"),
        (b'[{"geometry": {"type": "Polygon", "coordinates": [[[1e999, 0], [1, 1], [2, 2]]]}}]', "inf is farther"),
        (b'[{"geometry": {"type": "Polygon", "coordinates": [[[1' + b"0" * 400 + b", 0], [1, 1]]]}}]", "is farther"),
        (b'[{"geometry": {"type": "Polygon", "coordinates": [[[true, 0], [1, 1], [2, 2]]]}}]', "True is not a"),
        (b'[{"geometry": {"type": ["Polygon"], "coordinates": []}}]', "Feature 1 of"),
        (b'[{"geometry": ' + b'{"type":"GeometryCollection","geometries":[' * 300 + b"]}" * 300 + b"}]", "area|deeply"),
        (b'[{"properties": {"objectType": ["annotation"]}}]', r"its objectType is \['annotation'\], not a word"),
        (b'[{"properties": {"objectType": {"a": 1}}}]', "its objectType is"),
        (b'[{"properties": {"classification": {"name": 7}}, "geometry": null}]', "its class is 7, not a name"),
        (b'[{"properties": []}, {"properties": [1]}]', "Feature 2 of .*its properties"),
        (b'{"type": "FeatureCollection", "features": 7}', "it has no features"),
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


@pytest.mark.parametrize(
    "names", [["drawn.geojson"], ["a/drawn.json", "__MACOSX/a/._drawn.json", "readme.txt"], [], ["a.json", "b.json"]]
)
def test_a_zip_archive_with_one_file_is_read(tmp_path, names):
    path = tmp_path / "drawn.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, json.dumps([polygon()]))

    if len([name for name in names if name.endswith("json") and "MACOSX" not in name]) == 1:
        assert len(read_regions(path, FACTS).polygons) == 1
    else:
        with pytest.raises(RegionError, match=r"drawn\.zip should hold one GeoJSON file"):
            read_regions(path, FACTS)


@pytest.mark.parametrize("pack", [gzip.compress, bytes])
def test_a_file_that_holds_too_much_is_told(tmp_path, monkeypatch, pack):
    monkeypatch.setattr("msm_mil_core.export.qupath.geojson_file.LARGEST_TEXT", 1000)
    (tmp_path / "drawn.geojson").write_bytes(pack(b" " * 5000 + b"[]"))

    with pytest.raises(RegionError, match=r"drawn\.geojson (unpacks to|holds) more than"):
        read_regions(tmp_path / "drawn.geojson", FACTS)


NOT_DRAWN = ["PathDetectionObject", "PathTileObject", "PathCellObject", "PathRootObject"]


@pytest.mark.parametrize("kind", NOT_DRAWN)
def test_what_qupath_0_2_wrote_is_told_apart_by_its_id(tmp_path, kind):
    objects = [polygon() | {"id": kind}, polygon(ELSEWHERE) | {"id": "PathAnnotationObject"}]

    regions = read_regions(written(tmp_path, {"type": "FeatureCollection", "features": objects}), FACTS)

    assert [region.bounds for region in regions.polygons] == [(500, 500, 600, 600)]
    assert "1 region taken (left out: 1 of type" in regions.remark


def test_what_ignore_classes_mark_is_cut_out(tmp_path):
    inner = [[[150, 150], [200, 150], [200, 200], [150, 200], [150, 150]]]
    marks = [polygon(inner, classification={"name": "Ignore*"}), polygon(ELSEWHERE, classification="Ignore*")]

    regions = read_regions(written(tmp_path, [polygon(classification={"name": "Region*"}), *marks]), FACTS)

    assert sum(region.area for region in regions.polygons) == 200 * 200 - 50 * 50
    assert "2 of a class to ignore" in regions.remark


@pytest.mark.parametrize("marks", [[{"name": "Ignore*"}], [None, {"names": ["Ignore*"]}]])
def test_a_file_in_which_nothing_is_left_to_run_on_is_told(tmp_path, marks):
    path = written(tmp_path, [polygon(classification=mark) for mark in marks])

    with pytest.raises(RegionError, match=r"drawn\.geojson.*(a class to ignore|cover all)"):
        read_regions(path, FACTS)


@pytest.mark.parametrize(
    ("wanted", "lefts"),
    [
        ([], [100, 500, 700]),
        (["tumor"], [100, 500]),
        (["Tumor: Positive"], [500]),
        (["Stroma", "tumor"], [100, 500, 700]),
    ],
)
def test_regions_of_some_classes_are_chosen_with_their_special_cases(tmp_path, wanted, lefts):
    classes = {100: {"name": "Tumor"}, 500: {"names": ["Tumor", "Positive"]}, 700: "Stroma"}
    drawn = [polygon([square(left)], classification=name) for left, name in classes.items()]

    regions = read_regions(written(tmp_path, drawn), FACTS, classes=wanted)

    assert [region.bounds[0] for region in regions.polygons] == lefts


def test_a_class_that_no_region_has_is_told_with_those_that_are_there(tmp_path):
    path = written(tmp_path, [polygon(classification={"name": "Tumor"})])

    with pytest.raises(RegionError, match=r"no region of the class 'Stroma'. It has: 'Tumor'"):
        read_regions(path, FACTS, classes=["Tumor", "Stroma"])


def test_points_of_two_and_three_numbers_may_be_mixed(tmp_path):
    ring = [[*point, *([7] * (number % 2))] for number, point in enumerate(SQUARE[0])]
    collection = {"type": "GeometryCollection", "geometries": [polygon([ring])["geometry"]]}

    regions = read_regions(written(tmp_path, {"type": "Feature", "geometry": collection}), FACTS)

    assert [region.bounds for region in regions.polygons] == [(100, 100, 300, 300)]


def test_measurements_that_are_no_numbers_do_not_matter(tmp_path):
    path = tmp_path / "drawn.geojson"
    path.write_text(json.dumps([polygon(measurements={"Solidity": float("nan")})]))

    assert len(read_regions(path, FACTS).polygons) == 1


KEYS = ["type", "features", "geometry", "geometries", "coordinates", "properties", "objectType", "classification", "id"]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["Polygon", "tile"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner),
    max_leaves=12,
)


def places(content, at=()):
    """Every place in nested JSON, as the keys that lead to it."""
    yield at
    inside = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, each in inside:
        yield from places(each, (*at, key))


def changed(content, at, value):
    if not at:
        return value
    copied = dict(content) if isinstance(content, dict) else list(content)
    copied[at[0]] = changed(copied[at[0]], at[1:], value)
    return copied


@settings(max_examples=150)
@given(data=st.data())
def test_whatever_a_file_holds_a_region_or_a_sentence_comes_out(tmp_path_factory, data):
    features = [
        polygon([*SQUARE, square(150, 20)], classification={"name": "Tumor"}, objectType="annotation"),
        polygon(ELSEWHERE, classification={"name": "Ignore*"}),
        {"type": "Feature", "geometry": {"type": "MultiPolygon", "coordinates": [SQUARE, ELSEWHERE]}, "properties": {}},
    ]
    content = {"type": "FeatureCollection", "features": features}
    for _ in range(data.draw(st.integers(1, 3))):
        content = changed(content, data.draw(st.sampled_from(list(places(content)))), data.draw(JSON))
    path = written(tmp_path_factory.mktemp("any"), content)

    try:
        regions = read_regions(path, FACTS)
    except RegionError as told:
        assert "drawn.geojson" in str(told)
    else:
        assert all(region.is_valid and region.area > 0 for region in regions.polygons)


def test_an_archive_whose_entry_lost_its_name_is_a_sentence(tmp_path):
    path = tmp_path / "drawn.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("drawn.geojson", "[]")
    content = bytearray(path.read_bytes())
    content[content.rindex(b"drawn.geojson")] = 0  # where zipfile ends a name
    path.write_bytes(content)

    with pytest.raises(RegionError, match=r"drawn\.zip should hold one GeoJSON file"):
        read_regions(path, FACTS)


@settings(max_examples=60)
@given(data=st.data())
def test_a_damaged_archive_is_a_region_or_a_sentence(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("damaged") / "drawn.geojson"
    with zipfile.ZipFile(path, "w", data.draw(st.sampled_from([zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA]))) as archive:
        archive.writestr("drawn.geojson", json.dumps([polygon()]))
    content = bytearray(data.draw(st.sampled_from([path.read_bytes(), gzip.compress(path.read_bytes())])))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)

    with contextlib.suppress(RegionError):
        read_regions(path, FACTS)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(RegionError, match=r"no file .*gone\.geojson"):
        read_regions(tmp_path / "gone.geojson", FACTS)


@pytest.mark.parametrize(
    ("ring", "why"),
    [
        ([[0, 0], [100, 100], [100, 0], [0, 100], [0, 0]], r"crosses itself \(Self-intersection\[50 50\]\)"),
        ([[5000, 0], [5100, 0], [5100, 100], [5000, 0]], "lies outside the slide"),
    ],
)
@pytest.mark.parametrize("corner", [(0, 0), (30, 40)])
def test_a_region_that_cannot_limit_a_run_is_told_with_its_place_in_the_file(tmp_path, ring, why, corner):
    beside = {"type": "MultiPolygon", "coordinates": [SQUARE, ELSEWHERE]}
    path = written(tmp_path, [beside, polygon([ring], name="left", classification="Tumor")])
    facts = slide_facts((2000, 2000), bounds=(*corner, 1900, 1900))

    with pytest.raises(RegionError, match=rf"drawn\.geojson: feature 2 \('left · Tumor'\) {why}"):
        read_regions(path, facts)


def test_a_hole_beside_its_outline_is_told(tmp_path):
    path = written(tmp_path, polygon([*SQUARE, *ELSEWHERE]))

    with pytest.raises(RegionError, match="feature 1 has a hole that is not inside it"):
        read_regions(path, FACTS)


def test_a_flaw_in_what_is_not_chosen_is_none(tmp_path):
    crossed = polygon([[[0, 0], [90, 90], [90, 0], [0, 90], [0, 0]]], classification="Stroma")
    path = written(tmp_path, [crossed, polygon(classification="Tumor")])

    assert len(read_regions(path, FACTS, classes=["Tumor"]).polygons) == 1


def test_a_region_is_a_polygon_in_the_plane(tmp_path):
    path = written(tmp_path, polygon([[[*point, 7] for point in SQUARE[0]]]))

    (region,) = read_regions(path, FACTS).polygons

    assert isinstance(region, Polygon)
    assert not region.has_z


@pytest.mark.parametrize("corners", [[(100, 100), (300, 100), (300, 500), (100, 500)], "around"])
def test_an_ellipse_is_what_qupath_makes_of_it_from_its_box(tmp_path, corners):
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    around = np.stack([200 + 100 * np.cos(angle), 300 + 200 * np.sin(angle)], axis=1).round(2).tolist()
    ring = around if corners == "around" else corners
    geometry = {"type": "Polygon", "isEllipse": True, "coordinates": [[*ring, ring[0]]]}

    (region,) = read_regions(written(tmp_path, {"type": "Feature", "geometry": geometry}), FACTS).polygons

    assert region.bounds == pytest.approx((100, 100, 300, 500))
    assert region.area == pytest.approx(np.pi * 100 * 200, rel=1e-3)
    assert region.hausdorff_distance(Polygon(around)) < (1 if corners == "around" else 1.5)


@pytest.mark.parametrize("radius", [3, 400, 40_000])
def test_a_large_ellipse_is_as_exact_as_a_small_one(tmp_path, radius):
    facts = slide_facts((2 * radius, 2 * radius))
    ring = [[0, 0], [2 * radius, 0], [2 * radius, 2 * radius], [0, 2 * radius], [0, 0]]
    geometry = {"type": "Polygon", "isEllipse": True, "coordinates": [ring]}

    (region,) = read_regions(written(tmp_path, geometry), facts).polygons

    corners = shapely.get_coordinates(region)
    middles = (corners[1:] + corners[:-1]) / 2
    for points in (corners, middles):
        assert np.abs(np.linalg.norm(points - radius, axis=1) - radius).max() < 0.11


def test_names_and_classes_are_kept_for_every_part(tmp_path):
    parts = {"type": "MultiPolygon", "coordinates": [[square(100)], [square(500)]]}
    drawn = [
        {"type": "Feature", "geometry": parts, "properties": {"name": " left\n nodule ", "classification": "Tumor"}},
        polygon([square(700)], classification={"names": ["Stroma", "Positive"]}),
        polygon([square(900)], name=7),
    ]

    regions = read_regions(written(tmp_path, drawn), FACTS)

    assert [region.bounds[0] for region in regions.polygons] == [100, 500, 700, 900]
    assert [str(label) for label in regions.labels] == ["left nodule · Tumor"] * 2 + ["Stroma: Positive", ""]


def test_what_is_cut_in_two_keeps_its_name_in_both(tmp_path):
    across = [[[0, 140], [999, 140], [999, 160], [0, 160], [0, 140]]]
    drawn = [polygon([square(100)], name="cut"), polygon([square(500)], name="not cut")]

    regions = read_regions(written(tmp_path, [*drawn, polygon(across, classification="Ignore*")]), FACTS)

    assert [label.name for label in regions.labels] == ["cut", "cut", "not cut"]
    assert [region.bounds[0] for region in regions.polygons] == [100, 100, 500]


def test_regions_without_names_have_no_labels(tmp_path):
    regions = read_regions(written(tmp_path, polygon()), FACTS)

    assert regions.labels == ()
    assert set(regions.as_record()) == {"regions_px0"}


def test_a_doughnut_and_what_is_drawn_in_its_hole_are_two_regions(tmp_path):
    outer, hole = square(100, 400), square(200, 200)

    regions = read_regions(written(tmp_path, [polygon([outer, hole]), polygon([square(250, 50)])]), FACTS)

    assert [region.area for region in regions.polygons] == [400**2 - 200**2, 50**2]


@pytest.mark.parametrize(
    ("ring", "areas"),
    [
        ([[0, 0], [50, 0], [50, 50], [90, 50], [90, 90], [50, 90], [50, 50], [0, 50]], [1600, 2500]),  # at a corner
        ([[0, 0], [50, 0], [80, 0], [50, 0], [50, 50], [0, 50]], [2500]),  # out and back along one line
        ([[0, 0], [50, 0], [50, 0], [50, 50], [0, 50], [0, 50]], [2500]),  # corners given twice
        (
            [[0, 0], [90, 0], [90, 90], [0, 90], [0, 0], [30, 30], [30, 60], [60, 60], [60, 30], [30, 30]],
            [7200],
        ),  # slit
    ],
)
def test_an_outline_that_touches_itself_is_what_it_seems(tmp_path, ring, areas):
    regions = read_regions(written(tmp_path, polygon([[*ring, ring[0]]])), FACTS)

    assert sorted(region.area for region in regions.polygons) == areas
    assert all(region.is_valid for region in regions.polygons)


@pytest.mark.parametrize(
    "flat",
    [
        [[10, 10], [20, 20], [30, 30], [10, 10]],
        [[10, 10], [10, 90], [10, 90], [10, 10], [10, 10]],  # a rectangle without width
        [[10, 10]] * 5,  # and without height
        [],
    ],
)
@pytest.mark.parametrize("ellipse", [False, True])
def test_what_a_stray_click_left_is_left_out(tmp_path, flat, ellipse):
    click = polygon([flat])
    click["geometry"] |= {"isEllipse": ellipse and len(set(map(tuple, flat))) < 3}

    regions = read_regions(written(tmp_path, [click, polygon()]), FACTS)

    assert [region.bounds for region in regions.polygons] == [(100, 100, 300, 300)]
    assert "1 without an area" in regions.remark


def test_a_hole_that_encloses_nothing_is_none_and_never_becomes_the_outline(tmp_path):
    drawn = [polygon([*SQUARE, [[150, 150]] * 4]), polygon([[], square(600)])]

    regions = read_regions(written(tmp_path, drawn), FACTS)

    assert [region.area for region in regions.polygons] == [200 * 200]
    assert not regions.polygons[0].interiors


def test_holes_that_meet_each_other_or_the_edge_are_cut_out(tmp_path):
    at_the_edge, inside, over_it = square(100, 50), square(200, 50), square(220, 50)

    regions = read_regions(written(tmp_path, polygon([*SQUARE, at_the_edge, inside, over_it])), FACTS)

    assert sum(region.area for region in regions.polygons) == 200 * 200 - 50 * 50 - (2 * 50 * 50 - 30 * 30)
    assert all(region.is_valid for region in regions.polygons)


@given(rings=st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19), st.integers(1, 9)), min_size=1, max_size=6))
def test_what_is_inside_a_hole_and_nothing_else_is_outside(tmp_path_factory, rings):
    holes = [shapely.box(x, y, min(x + side, 20), min(y + side, 20)) for x, y, side in rings]
    outline = [np.array(each.exterior.coords).tolist() for each in [box(0, 0, 20, 20), *holes]]
    path = written(tmp_path_factory.mktemp("holes"), [polygon(outline), polygon(ELSEWHERE)])

    regions = read_regions(path, FACTS)

    expected = box(0, 0, 20, 20).difference(shapely.union_all(holes))
    assert all(region.is_valid and region.area > 0 for region in regions.polygons)
    assert shapely.union_all(regions.polygons[:-1]).symmetric_difference(expected).area < 1e-9


def test_numbers_as_texts_are_numbers_as_for_qupath(tmp_path):
    ring = [[str(x), f"{y}.0"] for x, y in SQUARE[0]]

    (region,) = read_regions(written(tmp_path, polygon([ring])), FACTS).polygons

    assert region.equals(box(100, 100, 300, 300))


def test_names_and_classes_can_be_shown_and_stored_whatever_json_holds(tmp_path):
    drawn = polygon(
        name="left\x00 \ud800nodule\x1b[31m", classification={"names": ["Tumor\udc00", "\tPositive \U0001f52c"]}
    )

    regions = read_regions(written(tmp_path, drawn), FACTS)

    assert [str(label) for label in regions.labels] == ["left nodule [31m · Tumor: Positive \U0001f52c"]
    assert json.dumps(regions.as_record(), ensure_ascii=False).encode()


def test_many_annotations_of_one_name_stay_apart(tmp_path):
    drawn = [polygon([square(left)], name="Annotation") | {"id": "0" * 32} for left in (100, 300, 500)]

    regions = read_regions(written(tmp_path, drawn), FACTS)

    assert [region.bounds[0] for region in regions.polygons] == [100, 300, 500]
    assert [label.name for label in regions.labels] == ["Annotation"] * 3


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_ends_of_lines_and_marks_of_byte_order_do_not_matter(tmp_path, end, encoding):
    path = tmp_path / "drawn.geojson"
    text = json.dumps([polygon(name="Größe")], indent=1, ensure_ascii=False)
    path.write_bytes(text.replace("\n", end).encode(encoding))

    assert [label.name for label in read_regions(path, FACTS).labels] == ["Größe"]


@pytest.mark.parametrize("key", ["childObjects", "children"])
@pytest.mark.parametrize("place", ["feature", "properties"])
def test_annotations_inside_annotations_are_regions_too(tmp_path, key, place):
    inside = {key: [polygon(ELSEWHERE, objectType="annotation"), polygon(objectType="detection")]}
    outer = polygon(objectType="annotation", **(inside if place == "properties" else {}))
    outer |= inside if place == "feature" else {}

    regions = read_regions(written(tmp_path, outer), FACTS)

    assert [region.bounds[0] for region in regions.polygons] == [100, 500]


def test_a_file_from_before_names_were_written_as_utf_8_is_read(tmp_path):
    path = tmp_path / "drawn.geojson"
    path.write_bytes(json.dumps([polygon(name="Überfläche")], ensure_ascii=False).encode("cp1252"))

    regions = read_regions(path, FACTS)

    assert [label.name for label in regions.labels] == ["Überfläche"]


def test_numbers_of_planes_and_other_members_do_not_matter(tmp_path):
    plane = {"plane": {"c": -1, "z": 0, "t": 0}}
    geometry = polygon()["geometry"] | plane
    extra = {"type": "Feature", "geometry": geometry, "bbox": [0, 0, 1, 1], "properties": {"isLocked": True}}

    regions = read_regions(written(tmp_path, {"type": "FeatureCollection", "crs": None, "features": [extra]}), FACTS)

    assert [region.bounds for region in regions.polygons] == [(100, 100, 300, 300)]


def square(left, side=100):
    return [[left, left], [left + side, left], [left + side, left + side], [left, left + side], [left, left]]


def written(folder, content):
    path = folder / "drawn.geojson"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
