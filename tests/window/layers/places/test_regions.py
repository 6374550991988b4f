"""Shapes drawn over a slide, in its level-0 pixels."""

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from napari.layers import Layer, Shapes

from msm_mil_core.errors import RegionError
from msm_mil_core.slides.regions import RegionLabel, Regions
from msm_mil_core.slides.slide import open_slide
from msm_mil_core.slides.truth import TruthArea
from napari_msm_mil.layers.layer_data import known_areas, slide_layer, truth_layer
from napari_msm_mil.layers.places.regions import region_areas, region_polygons, shapes_of
from tests.slides import a_drawn_slide

SQUARE_PX0 = np.array([[100, 200], [100, 300], [180, 300], [180, 200]])  # y, x: as napari counts


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return a_drawn_slide(tmp_path_factory.mktemp("slides") / "drawn.tiff").path


@pytest.fixture
def slide(file):
    return Layer.create(*slide_layer(open_slide(file)))


def over(slide, corners, **how):
    """Shapes in micrometres whose corners lie on these pixel edges of the slide."""
    world = [slide.data_to_world(corner - 0.5) for corner in corners]
    return Shapes([np.array(world)], **how)


@pytest.mark.parametrize("kind", ["rectangle", "polygon"])
def test_corners_fall_on_the_pixels_over_which_they_were_drawn(slide, kind):
    (polygon,) = region_polygons(over(slide, SQUARE_PX0, shape_type=kind), slide)

    assert polygon.bounds == pytest.approx((200, 100, 300, 180))


def test_a_slide_that_was_moved_takes_its_regions_along(slide):
    slide.translate = (1000, -500)

    (polygon,) = region_polygons(over(slide, SQUARE_PX0, shape_type="polygon"), slide)

    assert polygon.bounds == pytest.approx((200, 100, 300, 180))


def test_a_shapes_layer_with_a_scale_of_its_own_is_understood(slide):
    shapes = Shapes([SQUARE_PX0 - 0.5], shape_type="polygon", scale=slide.scale, translate=slide.translate)

    (polygon,) = region_polygons(shapes, slide)

    assert polygon.bounds == pytest.approx((200, 100, 300, 180))


def test_an_ellipse_fills_its_rectangle_from_side_to_side(slide):
    (polygon,) = region_polygons(over(slide, SQUARE_PX0, shape_type="ellipse"), slide)

    assert polygon.bounds == pytest.approx((200, 100, 300, 180), abs=0.2)
    assert polygon.area == pytest.approx(np.pi * 50 * 40, rel=0.01)


def test_a_layer_without_shapes_is_refused_with_what_to_do(slide):
    with pytest.raises(RegionError, match="Draw a polygon"):
        region_polygons(Shapes(name="mine"), slide)


@pytest.mark.parametrize("kind", ["line", "path"])
def test_lines_enclose_nothing(slide, kind):
    shapes = over(slide, SQUARE_PX0[:2], shape_type=kind)

    with pytest.raises(RegionError, match="encloses nothing"):
        region_polygons(shapes, slide)


def test_known_areas_lie_over_the_pixels_that_they_name_holes_included(file, slide):
    ring = shapely.box(200, 100, 300, 180).difference(shapely.box(220, 120, 240, 140))
    area = TruthArea("tumour", (255, 0, 51), ring)

    shown = Layer.create(*truth_layer([area], open_slide(file).facts))

    outline, hole = region_polygons(shown, slide)
    assert outline.bounds == pytest.approx((200, 100, 300, 180))
    assert hole.bounds == pytest.approx((220, 120, 240, 140))
    assert shown.edge_color.tolist() == [pytest.approx([1, 0, 0.2, 1])] * 2
    assert (shown.face_color[:, 3] == 0).all()


def test_nothing_is_shown_where_nothing_is_known(file):
    assert known_areas(open_slide(file)) == []


def as_layer(regions, slide):
    """The regions as shapes in the world, over a slide."""
    return Shapes(**shapes_of(regions, lambda place: np.asarray(slide.data_to_world((place[1] - 0.5, place[0] - 0.5)))))


@st.composite
def polygons_px0(draw):
    """Boxes with up to two holes, at places that are no whole pixels."""
    left, top = (draw(st.floats(0, 300)) for _ in range(2))
    outer = shapely.box(left, top, left + draw(st.floats(60, 90)), top + draw(st.floats(30, 50)))
    holes = [shapely.box(left + at, top + 5, left + at + 10, top + draw(st.floats(10, 25))) for at in (10, 35)]
    for hole in holes[: draw(st.integers(0, 2))]:
        outer = outer.difference(hole)
    return outer


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(polygons_px0(), min_size=1, max_size=4), st.sampled_from([(0, 0), (1000, -500)]))
def test_regions_come_back_from_the_window_to_within_half_a_pixel(slide, polygons, translate):
    slide.translate = translate
    labels = tuple(RegionLabel(f"region {number}", "Tumor" * (number % 2)) for number in range(len(polygons)))

    back = region_areas(as_layer(Regions(tuple(polygons), labels=labels), slide), slide)

    assert [area.label for area in back] == list(labels)
    for area, polygon in zip(back, polygons, strict=True):
        assert len(area.polygon.interiors) == len(polygon.interiors)
        assert area.polygon.is_valid
        assert area.polygon.hausdorff_distance(polygon) < 0.5


def test_a_hole_can_be_moved_and_removed_as_any_shape(slide):
    doughnut = shapely.box(100, 100, 200, 200).difference(shapely.box(120, 120, 140, 140))
    layer = as_layer(Regions((doughnut,)), slide)

    layer.selected_data = {1}
    layer.remove_selected()

    (area,) = region_areas(layer, slide)
    assert area.polygon.area == pytest.approx(100 * 100, rel=1e-3)


def test_what_is_drawn_besides_is_a_region_of_its_own_without_a_name(slide):
    doughnut = shapely.box(100, 100, 200, 200).difference(shapely.box(120, 120, 140, 140))
    layer = as_layer(Regions((doughnut,), labels=(RegionLabel("first", "Tumor"),)), slide)

    layer.add_polygons(over(slide, SQUARE_PX0).data[0])

    first, second = region_areas(layer, slide)
    assert (str(first.label), str(second.label)) == ("first · Tumor", "")
    assert first.polygon.area == pytest.approx(100 * 100 - 20 * 20, rel=1e-3)
    assert second.polygon.bounds == pytest.approx((200, 100, 300, 180), abs=0.1)


def test_features_of_other_programs_do_not_matter(slide):
    layer = over(slide, SQUARE_PX0, shape_type="polygon", features={"name": [None], "hole of": [np.nan], "x": [1]})

    (area,) = region_areas(layer, slide)

    assert str(area.label) == ""
    assert area.polygon.bounds == pytest.approx((200, 100, 300, 180))
