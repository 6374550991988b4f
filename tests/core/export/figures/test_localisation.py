"""The figure of maps beside what is known."""

import numpy as np
import pytest
import shapely
from PIL import Image

from msm_mil_core.errors import OutputError
from msm_mil_core.explain.localisation import localise
from msm_mil_core.export.figures.layout import lay_out
from msm_mil_core.export.figures.localisation import write_localisation_figure
from msm_mil_core.slides.slide import open_slide
from msm_mil_core.slides.truth import TruthArea
from tests.results import a_prediction, a_result, block_of_tiles
from tests.slides import a_drawn_slide

RED = (220, 0, 0)


def test_the_outline_of_what_is_known_is_drawn_over_the_slide_and_every_map(tmp_path):
    tiles = block_of_tiles(8, 6, side_px0=256)
    areas = [TruthArea("class 0", RED, shapely.box(512, 512, 1024, 1024))]
    prediction = a_prediction(48, S=2)
    with open_slide(a_drawn_slide(tmp_path / "drawn.tif").path) as slide:
        result = a_result(tiles, slide=slide.facts, prediction=prediction)
        found = localise(prediction, tiles, areas)

        write_localisation_figure(result, slide, (found, areas), tmp_path / "known.png")

    picture = np.asarray(Image.open(tmp_path / "known.png").convert("RGB")).astype(int)
    left, top, right, bottom = -0.01 * 2048, -0.01 * 2048, 1.01 * 2048, 1536 + 0.01 * 2048
    panels = lay_out(1 + len(found.maps), (bottom - top) / (right - left), (2, 2)).panels
    for x, y, width, height in panels:
        col = (x + width * (768 - left) / (right - left)) * picture.shape[1]
        row = (1 - y - height * (512 - top) / (bottom - top)) * picture.shape[0]
        on_edge = picture[round(row) - 3 : round(row) + 4, round(col)]
        assert (np.abs(on_edge - RED).sum(axis=1) < 60).any()


def test_without_the_slide_the_maps_stand_on_the_tiles(tmp_path):
    result = a_result(block_of_tiles(9, 6), prediction=a_prediction(54, C=4, evidence=False, masks=True))
    areas = [TruthArea("$ a name of many words, none of them known", RED, shapely.box(0, 0, 300, 300))]

    write_localisation_figure(
        result, None, (localise(result.prediction, result.tiles, areas), areas), tmp_path / "a.png"
    )

    assert np.asarray(Image.open(tmp_path / "a.png")).std() > 10


def test_another_slide_than_that_of_the_result_is_refused(tmp_path):
    result, areas = a_result(), [TruthArea("class 0", RED, shapely.box(0, 0, 300, 300))]
    found = localise(result.prediction, result.tiles, areas)

    with (
        open_slide(a_drawn_slide(tmp_path / "other.tif").path) as other,
        pytest.raises(OutputError, match="not the slide that this result was made from"),
    ):
        write_localisation_figure(result, other, (found, areas), tmp_path / "a.png")

    assert not (tmp_path / "a.png").exists()
