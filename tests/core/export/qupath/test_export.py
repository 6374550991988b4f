import dataclasses
import gzip
import json
import math
import uuid

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from shapely.geometry import shape

from msm_mil_core.display.stage_style import stage_rgb
from msm_mil_core.errors import OutputError
from msm_mil_core.explain.evidence import evidence_of
from msm_mil_core.export.qupath.export import write_geojson
from msm_mil_core.export.qupath.geojson_check import check_geojson
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.export.qupath.tile_ids import NAMESPACE, tile_ids
from msm_mil_core.results.annotations import Annotations, Verdict
from tests.results import a_prediction, a_result, block_of_tiles, slide_facts, tile_grid

NO_TOPS = GeoJsonOptions(top_k=0)
NOTHING = {"all_tiles": False, "top_k": 0}


@st.composite
def results(draw):
    cells = draw(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=40, unique=True))
    bounds = draw(st.none() | st.tuples(*[st.integers(-200, 900)] * 2, *[st.integers(50, 900)] * 2))
    prediction = a_prediction(
        len(cells),
        S=draw(st.integers(1, 4)),
        masks=draw(st.booleans()),
        evidence=draw(st.booleans()),
        seed=draw(st.integers(0, 99)),
    )
    return a_result(tile_grid(cells), slide=slide_facts((1250, 1190), bounds=bounds), prediction=prediction)


@settings(max_examples=60)
@given(result=results(), top_k=st.integers(0, 5), percent=st.sampled_from([0, 5, 20, 50]))
def test_every_file_holds_to_what_qupath_reads(tmp_path_factory, result, top_k, percent):
    path = tmp_path_factory.mktemp("drawn") / "drawn.geojson"
    width, height = result.slide.extent_px0

    try:
        write_geojson(result, path, GeoJsonOptions(top_k=top_k, hot_spots_percent=percent))
    except OutputError as exc:
        assert "lies in the image that QuPath shows" in str(exc)
        assert list(path.parent.iterdir()) == []
        return

    features = features_of(path)
    assert len({feature["id"] for feature in features}) == len(features)
    for feature in features:
        assert uuid.UUID(feature["id"]).version == 5
        left, top, right, bottom = shape(feature["geometry"]).bounds if is_hot_spot(feature) else box_of(feature)
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        properties = feature["properties"]
        assert properties["isLocked"] is True
        assert properties["objectType"] in {"tile", "annotation"}
        assert all(
            isinstance(value, int | float) and math.isfinite(value) for value in properties["measurements"].values()
        )
        assert ("metadata" in properties) == is_annotation(feature)  # QuPath 0.5 cannot set it on tiles
        assert all(isinstance(value, str) for value in properties.get("metadata", {}).values())
        if "classification" in properties:
            assert set(properties["classification"]) == {"name", "color"}
            assert ":" not in properties["classification"]["name"]
            assert [type(channel) for channel in properties["classification"]["color"]] == [int] * 3


def test_a_tile_is_a_closed_rectangle_with_all_that_is_known_of_it(tmp_path):
    result = a_result(tile_grid([(2, 3), (4, 5)]), prediction=a_prediction(2, S=2, K=1, C=2))

    write_geojson(result, tmp_path / "drawn.geojson", NO_TOPS)

    first, _ = features_of(tmp_path / "drawn.geojson")
    assert first["geometry"] == {
        "type": "Polygon",
        "coordinates": [[[200, 300], [300, 300], [300, 400], [200, 400], [200, 300]]],
    }
    stage = result.prediction.stages[0]
    measurements = first["properties"]["measurements"]
    assert list(measurements) == [
        *["Stage 1 attention", "Stage 1 rank", "Stage 1 claimed"],
        *["Stage 2 attention", "Stage 2 rank", "Stage 2 claimed"],
        *["Winner stage", "Evidence class 0", "Evidence class 1"],
    ]
    assert measurements["Stage 1 attention"] == pytest.approx(float(stage.attention[0]))
    assert measurements["Stage 1 rank"] in {0, 1}
    assert measurements["Evidence class 1"] == pytest.approx(float(evidence_of(result.prediction, 1)[0]), rel=1e-5)
    assert "metadata" not in first["properties"]


def test_an_annotation_says_what_belongs_to_its_run(tmp_path):
    result = a_result(tile_grid([(2, 3), (4, 5)]), prediction=a_prediction(2, S=1))

    write_geojson(result, tmp_path / "drawn.geojson", GeoJsonOptions(top_k=1, all_tiles=False))

    (top,) = features_of(tmp_path / "drawn.geojson")
    assert top["properties"]["metadata"] == {
        "run": "2026-11-22T10:00:00+01:00",
        "model": "drawn model (ab12)",
        "mpp": "0.499 (aperio.MPP)",
        "tile": "100 px0",
        "bounds": "auto 0,0",
        "version": "0.1.0",
    }


def test_what_a_stage_was_not_shown_is_left_out(tmp_path):
    result = a_result(block_of_tiles(6, 5), prediction=a_prediction(30, S=3, K=4, masks=True))

    write_geojson(result, tmp_path / "drawn.geojson", NO_TOPS)

    by_corner = {tuple(box_of(feature)[:2]): feature for feature in features_of(tmp_path / "drawn.geojson")}
    for tile, corner in enumerate(map(tuple, result.tiles.xy_px0.tolist())):
        measurements = by_corner[corner]["properties"]["measurements"]
        for number, stage in enumerate(result.prediction.stages, 1):
            shown = bool(np.isfinite(stage.attention[tile]))
            assert (f"Stage {number} attention" in measurements) == shown
            assert (f"Stage {number} rank" in measurements) == shown
            assert measurements[f"Stage {number} claimed"] == stage.claimed[tile]


def test_only_claimed_tiles_have_a_class_and_it_is_their_stages(tmp_path):
    result = a_result(block_of_tiles(6, 5), prediction=a_prediction(30, S=2, K=4))

    write_geojson(result, tmp_path / "drawn.geojson", NO_TOPS)

    classes = [feature["properties"].get("classification") for feature in features_of(tmp_path / "drawn.geojson")]
    for number, stage in enumerate(result.prediction.stages):
        own = {"name": f"Stage {number + 1}", "color": list(stage_rgb(number))}
        assert [one == own for one in classes] == stage.claimed.tolist()


def test_the_top_tiles_of_each_stage_are_annotations_by_falling_attention(tmp_path):
    result = a_result(block_of_tiles(6, 5), prediction=a_prediction(30, S=2))

    write_geojson(result, tmp_path / "drawn.geojson", GeoJsonOptions(top_k=3))

    tops = [one["properties"] for one in features_of(tmp_path / "drawn.geojson") if is_annotation(one)]
    assert [top["name"] for top in tops] == [f"Stage {stage} top {place}" for stage in (1, 2) for place in (1, 2, 3)]
    assert [top["classification"]["name"] for top in tops] == ["Stage 1"] * 3 + ["Stage 2"] * 3
    for number, stage in enumerate(result.prediction.stages, 1):
        attention = [
            top["measurements"][f"Stage {number} attention"] for top in tops if f"Stage {number}" in top["name"]
        ]
        np.testing.assert_allclose(attention, np.sort(stage.attention)[::-1][:3], rtol=1e-6)


def test_a_stage_has_no_more_top_tiles_than_it_was_shown(tmp_path):
    result = a_result(tile_grid([(0, 0), (1, 0), (2, 0)]), prediction=a_prediction(3, S=2, K=1, masks=True))

    write_geojson(result, tmp_path / "drawn.geojson", GeoJsonOptions(top_k=9))

    assert sum(map(is_annotation, features_of(tmp_path / "drawn.geojson"))) == 3 + 2


def test_the_bounds_corner_is_subtracted_and_edges_are_cut(tmp_path, caplog):
    slide = slide_facts((2000, 2000), bounds=(150, 250, 400, 300))
    result = a_result(tile_grid([(0, 0), (1, 2), (3, 3), (5, 5)]), slide=slide, prediction=a_prediction(4))

    write_geojson(result, tmp_path / "drawn.geojson", NO_TOPS)

    assert [box_of(feature) for feature in features_of(tmp_path / "drawn.geojson")] == [
        (0, 0, 50, 50),
        (150, 50, 250, 150),
        (350, 250, 400, 300),
    ]
    assert "cuts 2 tiles and excludes 1" in caplog.text


@pytest.mark.parametrize(
    ("options", "corner", "rule"),
    [
        (GeoJsonOptions(top_k=1), (50, 50), "auto 150,250"),
        (GeoJsonOptions(top_k=1, origin="none"), (200, 300), "none 0,0"),
        (GeoJsonOptions(top_k=1, origin="custom", custom_origin_px0=(20, 30)), (180, 270), "custom 20,30"),
    ],
)
def test_the_origin_follows_the_rule_and_the_file_says_which(tmp_path, options, corner, rule):
    slide = slide_facts((2000, 2000), bounds=(150, 250, 900, 900))
    result = a_result(tile_grid([(2, 3)]), slide=slide, prediction=a_prediction(1, S=1))

    write_geojson(result, tmp_path / "drawn.geojson", options)

    tile, top = features_of(tmp_path / "drawn.geojson")
    assert box_of(tile)[:2] == box_of(top)[:2] == corner
    assert top["properties"]["metadata"]["bounds"] == rule


@pytest.mark.parametrize(
    "options", [{"origin": "custom"}, {"custom_origin_px0": (1, 2)}, {"top_k": -1}, {"k": 3}, NOTHING]
)
def test_options_that_contradict_themselves_are_refused(options):
    with pytest.raises(ValidationError):
        GeoJsonOptions(**options)


def test_ids_are_those_of_the_standard_and_stay_from_export_to_export(tmp_path):
    result = a_result(tile_grid([(2, 3)]), prediction=a_prediction(1))

    again = dataclasses.replace(result, created="later", options={"other": 1})

    assert tile_ids(result, np.array([0]), ["x"]) == [str(uuid.uuid5(NAMESPACE, "5f2a|ab12|100|False|2|3|x"))]
    assert tile_ids(again, np.array([0]), ["x"]) == tile_ids(result, np.array([0]), ["x"])


def test_names_from_outside_cannot_break_the_file(tmp_path):
    prediction = dataclasses.replace(a_prediction(30), classes=('100 % "sure"\n\\', "Ärger: {0}"))
    result = a_result(prediction=prediction, slide=dataclasses.replace(slide_facts(), mpp_origin='%s "x"'))

    write_geojson(result, tmp_path / "drawn.geojson")

    first = features_of(tmp_path / "drawn.geojson")[-1]["properties"]
    assert 'Evidence 100 % "sure"\n\\' in first["measurements"]
    assert "Evidence Ärger: {0}" in first["measurements"]
    assert first["metadata"]["mpp"] == '0.499 (%s "x")'


def test_a_tile_tells_the_verdict_on_the_stage_that_claims_it(tmp_path):
    result = a_result(block_of_tiles(6, 5), prediction=a_prediction(30, S=3, K=4))

    write_geojson(result, tmp_path / "drawn.geojson", NO_TOPS, verdicts((0, "tumour"), (2, "artefact")))

    told = [feature["properties"].get("name") for feature in features_of(tmp_path / "drawn.geojson")]
    for stage, label in ((0, "tumour"), (2, "artefact")):
        assert [one == label for one in told] == result.prediction.stages[stage].claimed.tolist()
    assert told.count(None) == 30 - 4 - 4


@settings(max_examples=60)
@given(label=st.text(max_size=80), note=st.text(max_size=80))
@example(label='"100 %s"\n\\: 😀' * 800, note="a long note\r\n" * 1000)
def test_whatever_is_noted_qupath_reads_the_file(tmp_path_factory, label, note):
    folder, result = tmp_path_factory.mktemp("drawn"), a_result(block_of_tiles(4, 3))
    said = Annotations().with_verdict(Verdict(stage=0, label=label, note=note, at=""))

    silent = features_of(write_geojson(result, folder / "silent.geojson"))
    noted = features_of(write_geojson(result, folder / "noted.geojson", annotations=said))

    assert [one["id"] for one in noted] == [one["id"] for one in silent]
    assert [one["geometry"] for one in noted] == [one["geometry"] for one in silent]
    for one, other in zip(noted, silent, strict=True):
        assert one["properties"].get("classification") == other["properties"].get("classification")
        assert one["properties"]["measurements"] == other["properties"]["measurements"]
        for short in (*one["properties"].get("metadata", {}).values(), one["properties"].get("name", "")):
            assert len(short) < 100
            assert len(short.splitlines()) <= 1


def test_a_stage_that_was_shown_nothing_is_no_obstacle(tmp_path):
    prediction = a_prediction(30, S=2)
    blind = dataclasses.replace(
        prediction.stages[1],
        attention=np.full(30, np.nan, np.float32),
        claimed=np.zeros(30, bool),
        logits=np.full(2, np.nan, np.float32),
    )
    result = a_result(prediction=dataclasses.replace(prediction, stages=(prediction.stages[0], blind)))

    write_geojson(result, tmp_path / "drawn.geojson")

    measured = {name for one in features_of(tmp_path / "drawn.geojson") for name in one["properties"]["measurements"]}
    assert "Stage 1 attention" in measured
    assert "Stage 2 attention" not in measured


def test_many_features_are_zipped_and_few_are_not(tmp_path):
    many = a_result(block_of_tiles(160, 130), slide=slide_facts((16_000, 13_000)), prediction=a_prediction(20_800))

    path = write_geojson(many, tmp_path / "many.geojson")
    few = write_geojson(a_result(), tmp_path / "few.geojson")
    wished = write_geojson(a_result(), tmp_path / "wished.geojson.gz")

    assert sorted(one.name for one in tmp_path.iterdir()) == ["few.geojson", "many.geojson.gz", "wished.geojson.gz"]
    assert gzip.decompress(path.read_bytes()).count(b'{"type":"Feature",') == 20_800 + 30
    assert features_of(few) == features_of(wished)


def test_no_tile_in_the_image_is_told_and_leaves_no_file(tmp_path):
    result = a_result(slide=slide_facts((9000, 9000), bounds=(5000, 5000, 100, 100)))

    with pytest.raises(OutputError, match=r"No tile of drawn\.svs lies in the image .*choose another origin"):
        write_geojson(result, tmp_path / "drawn.geojson")

    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_folder_is_told(tmp_path):
    (tmp_path / "taken").write_text("a file, no folder")

    with pytest.raises(OutputError, match="Cannot write into"):
        write_geojson(a_result(), tmp_path / "taken" / "drawn.geojson")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"Winner stage":1', '"Winner stage":NaN', "NaN is not a number"),
        ('"Winner stage":1', '"Winner stage":1e999', "not finite"),
        ('"Winner stage":1', '"Winner stage":null', "real number"),
        ("[[[0,0]", "[[[1,0]", "not closed"),
        ("]}\n", "", "cut short"),
        ('{"type":"FeatureCollection"', '{"type":"Collection"', "cut short"),
    ],
)
def test_the_check_finds_what_qupath_would_stumble_on(tmp_path, old, new, why):
    path = write_geojson(a_result(), tmp_path / "drawn.geojson", NO_TOPS)
    path.write_text(new.join(path.read_text().rsplit(old, 1) if old == "]}\n" else path.read_text().split(old, 1)))

    with pytest.raises(OutputError, match=rf"drawn\.geojson did not read back .*{why}"):
        check_geojson(path, 30, path)


def test_the_check_counts_features_and_ids(tmp_path):
    path = write_geojson(a_result(), tmp_path / "drawn.geojson", NO_TOPS)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0], lines[1], *lines[1:-2], lines[-2], lines[-1]]))

    with pytest.raises(OutputError, match="30 different features instead of 31"):
        check_geojson(path, 31, path)


def verdicts(*said):
    return Annotations(verdicts=tuple(Verdict(stage=stage, label=label, at="") for stage, label in said))


def features_of(path):
    raw = path.read_bytes()
    collection = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
    assert collection["type"] == "FeatureCollection"
    return collection["features"]


def box_of(feature):
    (ring,) = feature["geometry"]["coordinates"]
    assert ring[0] == ring[-1]
    (left, top), (right, _), (_, bottom) = ring[:3]
    assert ring == [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]
    assert all(type(number) is int for point in ring for number in point)
    return left, top, right, bottom


def is_hot_spot(feature):
    return "hot spot" in feature["properties"].get("name", "")


def is_annotation(feature):
    return feature["properties"]["objectType"] == "annotation"
