"""Areas whose class is known, read from QuPath's GeoJSON."""

import json

import pytest
import shapely

from msm_mil_core.errors import RegionError
from msm_mil_core.export.qupath.import_truth import COLOURS, read_truth
from tests.results import slide_facts

FACTS = slide_facts((2000, 2000))


def annotation(left, classification, side=100, **properties):
    corners = shapely.get_coordinates(shapely.box(left, 0, left + side, side)).tolist()
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [corners]},
        "properties": {"objectType": "annotation", "classification": classification, **properties},
    }


def written(tmp_path, *features):
    path = tmp_path / "known.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_annotations_of_a_class_are_one_area(tmp_path):
    tumour, stroma = {"name": "Tumor"}, {"name": "Stroma"}

    areas = read_truth(
        written(tmp_path, annotation(0, tumour), annotation(300, stroma), annotation(600, tumour)), FACTS
    )

    assert [(area.name, area.shape.bounds, area.shape.area) for area in areas] == [
        ("Tumor", (0, 0, 700, 100), 20_000),
        ("Stroma", (300, 0, 400, 100), 10_000),
    ]


@pytest.mark.parametrize(
    ("classification", "rgb"),
    [
        ({"name": "Tumor", "color": [200, 0, 20]}, (200, 0, 20)),
        ({"name": "Tumor", "colorRGB": -3670016}, (200, 0, 0)),
        ({"name": "Tumor", "color": -3670016}, (200, 0, 0)),
        ({"name": "Tumor", "color": [-3670016]}, (200, 0, 0)),
        ({"name": "Tumor", "color": [200, 0, 20, 255]}, (200, 0, 20)),
        ({"name": "Tumor", "color": None}, COLOURS[0]),
        ({"name": "Tumor", "color": []}, COLOURS[0]),
        ({"name": "Tumor"}, COLOURS[0]),
        ({"name": "Tumor", "color": [300, 0, 0]}, COLOURS[0]),
        ({"name": "Tumor", "color": "red"}, COLOURS[0]),
        ("Tumor", COLOURS[0]),
    ],
)
def test_a_class_has_the_colour_that_the_file_states_or_one_of_ours(tmp_path, classification, rgb):
    (area,) = read_truth(written(tmp_path, annotation(0, classification)), FACTS)

    assert area.rgb == rgb


def test_what_has_no_class_or_is_no_annotation_does_not_count(tmp_path):
    tumour = {"name": "Tumor"}
    others = (
        annotation(0, None),
        annotation(200, {"name": "Ignore*"}),
        annotation(400, tumour, objectType="detection"),
    )

    (area,) = read_truth(written(tmp_path, *others, annotation(600, tumour)), FACTS)

    assert area.shape.bounds[0] == 600
    with pytest.raises(RegionError, match="both an area and a class"):
        read_truth(written(tmp_path, *others), FACTS)


def test_areas_are_shifted_from_the_bounds_of_qupath_to_level_0(tmp_path):
    (area,) = read_truth(
        written(tmp_path, annotation(0, {"name": "Tumor"})), slide_facts((2000, 2000), bounds=(256, 128, 900, 900))
    )

    assert area.shape.bounds == (256, 128, 356, 228)


def test_an_area_beside_the_slide_is_refused_with_its_class(tmp_path):
    with pytest.raises(RegionError, match=r"known.geojson: feature 1 \('Tumor'\) lies outside"):
        read_truth(written(tmp_path, annotation(5000, {"name": "Tumor"})), FACTS)


def test_what_a_stray_click_left_is_no_area(tmp_path):
    click = annotation(0, {"name": "Tumor"}, side=0)

    (area,) = read_truth(written(tmp_path, click, annotation(600, {"name": "Tumor"})), FACTS)

    assert area.shape.bounds == (600, 0, 700, 100)
    with pytest.raises(RegionError, match="both an area and a class"):
        read_truth(written(tmp_path, click), FACTS)


def test_an_area_that_crosses_itself_is_told_with_its_place_in_the_file(tmp_path):
    crossed = annotation(0, {"name": "Tumor"}, name="left")
    crossed["geometry"]["coordinates"] = [[[0, 0], [90, 90], [90, 0], [0, 90], [0, 0]]]

    with pytest.raises(RegionError, match=r"known.geojson: feature 2 \('left · Tumor'\) crosses itself"):
        read_truth(written(tmp_path, annotation(600, {"name": "Tumor"}), crossed), FACTS)
