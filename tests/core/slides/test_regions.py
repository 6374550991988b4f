"""Regions drawn by a person."""

import json

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import Polygon

from msm_mil_core.errors import RegionError
from msm_mil_core.slides.regions import check_regions, untangled
from msm_mil_core.slides.slide import SlideFacts

FACTS = SlideFacts("a.svs", "/a.svs", (1000, 800), 0.5, "user", (0, 0), (1000, 800), "0")


def test_regions_hold_the_points_in_them_and_on_their_edge():
    regions = check_regions([shapely.box(0, 0, 100, 100), shapely.box(50, 50, 200, 200)], FACTS)

    held = regions.hold(np.array([[50.0, 50.0], [100, 0], [200, 200], [201, 200], [150, 20]]))

    assert held.tolist() == [True, True, True, False, False]


def test_a_hole_in_a_region_is_outside():
    ring = Polygon(shapely.box(0, 0, 300, 300).exterior, [shapely.box(100, 100, 200, 200).exterior])

    held = check_regions([ring], FACTS).hold(np.array([[50.0, 50.0], [150, 150]]))

    assert held.tolist() == [True, False]


@given(st.permutations([shapely.box(0, 0, 90, 90), shapely.box(50, 0, 200, 60), shapely.Point(500, 500).buffer(80)]))
def test_the_order_of_regions_does_not_matter(polygons: list[Polygon]):
    points = np.random.default_rng(0).uniform(0, 600, (200, 2))

    held = check_regions(polygons, FACTS).hold(points)

    expected = np.any([shapely.intersects_xy(polygon, *points.T) for polygon in polygons], axis=0)
    np.testing.assert_array_equal(held, expected)


def test_a_region_that_reaches_over_the_edge_of_the_slide_counts_as_far_as_it_lies_on_it():
    regions = check_regions([shapely.box(-500, -500, 10, 10)], FACTS)

    assert regions.hold(np.array([[5.0, 5.0]])).all()


def test_regions_are_recorded_as_geojson():
    record = json.loads(json.dumps(check_regions([shapely.box(0, 0, 10, 10)], FACTS).as_json()))

    assert [geometry["type"] for geometry in record] == ["Polygon"]
    assert shapely.from_geojson(json.dumps(record[0])).equals(shapely.box(0, 0, 10, 10))


@pytest.mark.parametrize(
    ("polygons", "reason", "step"),
    [
        ([], "No region", "Draw one"),
        ([Polygon()], "no points", "again"),
        ([Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])], "crosses itself", "without crossing"),
        ([Polygon([(0, 0), (10, 10), (20, 20)])], "crosses itself|no area", "again"),
        ([Polygon([(0, 0), (float("inf"), 10), (20, 20)])], "no points", "again"),
        ([shapely.box(2000, 0, 2100, 100)], "outside the slide.*2000 to 2100.*1000 x 800", "level-0"),
        ([shapely.box(1000, 0, 1100, 100)], "outside the slide", "level-0"),
    ],
)
def test_what_is_no_region_is_refused_by_number_slide_reason_and_next_step(
    polygons: list[Polygon], reason: str, step: str
):
    with pytest.raises(RegionError, match=f"(?s)({reason}).*{step}") as caught:
        check_regions(polygons, FACTS)

    assert "a.svs" in str(caught.value)


def test_the_bad_one_of_several_regions_is_named():
    with pytest.raises(RegionError, match="Region 2"):
        check_regions([shapely.box(0, 0, 10, 10), shapely.box(-20, -20, -10, -10)], FACTS)


@given(
    radii=st.lists(st.floats(20, 400), min_size=5, max_size=40),
    centre=st.tuples(st.floats(400, 600), st.floats(300, 500)),
    decimals=st.integers(1, 2),
)
def test_rounding_crosses_no_lines_that_count(radii, centre, decimals):
    angle = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    corners = np.array(centre) + np.array(radii)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    drawn = Polygon(corners)

    parts = untangled(Polygon(corners.round(decimals)))

    together = shapely.union_all(parts)
    assert all(part.is_valid for part in parts)
    assert drawn.buffer(0.5).covers(together)
    assert together.buffer(1e-6).covers(drawn.buffer(-0.5))


@pytest.mark.parametrize("size", [1, 40, 5000])
def test_what_crosses_by_more_stays_as_it_is_to_be_refused(size):
    crossed = Polygon([(0, 0), (size, size), (size, 0), (0, size)])

    assert untangled(crossed) == (crossed,)


def test_a_crossing_by_a_hundredth_of_a_pixel_is_none():
    sliver = Polygon([(0, 0), (100, 0), (100, 50), (40, 50), (60, 49.99), (60, 50.01), (40, 49.99), (0, 50)])

    parts = untangled(sliver)

    assert not sliver.is_valid
    assert shapely.union_all(parts).symmetric_difference(shapely.box(0, 0, 100, 50)).area < 1
