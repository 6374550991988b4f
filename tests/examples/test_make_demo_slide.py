"""The demo slide: photographs each once, tumours in one piece each, and where they are in the words of QuPath."""

import json

import numpy as np
import pytest
import shapely
from PIL import Image

from examples import make_demo_slide as demo
from examples.lung_photographs import KINDS, PHOTO_MPP, Photograph
from msm_mil_core.export.qupath.import_truth import read_truth
from msm_mil_core.slides.slide import open_slide
from msm_mil_core.slides.truth import label_tiles, truth_path
from tests.results import block_of_tiles

PAINTS = ((250, 200, 220), (90, 60, 160), (160, 60, 120))


def a_photograph(kind: int, number: int) -> Photograph:
    pixels = np.full((224, 224, 3), PAINTS[kind], np.uint8)
    pixels[..., 0] -= number % 50
    return Photograph(f"{KINDS[kind]} {number}", kind, number, pixels)


PHOTOGRAPHS = [a_photograph(kind, number) for kind in range(3) for number in range(60)]
OUTLINE = demo.tissue_outline()


def test_every_cell_shows_its_kind_and_no_photograph_twice_and_only_allowed_ones():
    allowed = np.array([index for index in range(180) if index % 5])

    cells = demo.choose(PHOTOGRAPHS, allowed)

    assert len(set(cells.values())) == len(cells) > 60
    assert set(cells.values()) <= set(allowed.tolist())
    for kind in range(3):
        assert {cell for cell, index in cells.items() if PHOTOGRAPHS[index].kind == kind} == set(demo.cells_of(kind))


def test_too_few_photographs_are_refused():
    with pytest.raises(ValueError, match="larger sample than population"):
        demo.choose(PHOTOGRAPHS, np.arange(0, 180, 10))


def test_tissue_and_each_tumour_are_in_one_piece_within_the_photographs():
    assert OUTLINE.geom_type == "Polygon"
    assert demo.area_of(range(3)).contains(OUTLINE)
    for kind in demo.COLOURS:
        assert shapely.intersection(demo.area_of([kind]), OUTLINE).geom_type == "Polygon"


def test_glass_is_around_the_tissue_and_photographs_are_in_their_cells():
    picture = np.asarray(demo.lay_out(PHOTOGRAPHS, demo.choose(PHOTOGRAPHS, np.arange(180)), OUTLINE)).astype(int)

    for kind, paint in enumerate(PAINTS):
        for row, col in demo.cells_of(kind):
            middle = (col + 0.5) * demo.CELL_PX0, (row + 0.5) * demo.CELL_PX0
            assert np.abs(picture[int(middle[1]), int(middle[0])] - paint)[1:].max() == 0
    assert (picture[:20] == demo.GLASS).all()
    assert (picture[:, -20:] == demo.GLASS).all()


def test_the_slide_has_levels_pixel_size_and_a_truth_that_names_the_tiles_of_the_tumours(tmp_path):
    pytest.importorskip("imagecodecs")
    cells = demo.choose(PHOTOGRAPHS, np.arange(180))
    picture = demo.lay_out(PHOTOGRAPHS, cells, OUTLINE)
    paths = [tmp_path / name / "slide.tiff" for name in ("one", "two")]
    for path in paths:
        path.parent.mkdir()
        demo.write_pyramid(path, picture)
    truth_path(paths[0]).write_text(demo.truth_text(OUTLINE))

    with open_slide(paths[0]) as slide:
        areas = read_truth(truth_path(paths[0]), slide.facts)
        shown = Image.fromarray(slide.read((0, 0), 0, picture.size))
        assert slide.facts.mpp == pytest.approx(PHOTO_MPP, rel=1e-4)
        assert len(slide.level_sizes_px) == demo.LEVELS
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert np.abs(np.asarray(shown).astype(int) - np.asarray(picture)).mean() < 1
    cols, rows = np.array(picture.size) // demo.CELL_PX0
    labels = label_tiles(areas, block_of_tiles(cols, rows, side_px0=demo.CELL_PX0)).reshape(rows, cols)
    for place, (kind, colour) in enumerate(demo.COLOURS.items()):
        assert areas[place].rgb == colour
        assert set(zip(*np.nonzero(labels == place), strict=True)) == set(demo.cells_of(kind))


def test_the_truth_is_what_qupath_imports():
    written = json.loads(demo.truth_text(OUTLINE))

    assert written["type"] == "FeatureCollection"
    for feature, name in zip(written["features"], KINDS[1:], strict=True):
        ring = feature["geometry"]["coordinates"][0]
        assert ring[0] == ring[-1]
        assert feature["properties"]["objectType"] == "annotation"
        assert feature["properties"]["classification"]["name"] == name
        assert len(feature["id"]) == 36
