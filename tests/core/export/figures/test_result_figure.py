import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from msm_mil_core.display.heatmap import CONTRASTS
from msm_mil_core.errors import OutputError
from msm_mil_core.export.figures.layout import lay_out
from msm_mil_core.export.figures.result_figure import write_figure
from msm_mil_core.mil.predict import predict_bag
from msm_mil_core.mil.prediction import TileEvidence
from msm_mil_core.slides.slide import open_slide
from tests.models import a_bag, a_checkpoint
from tests.results import a_prediction, a_result, block_of_tiles, slide_facts, tile_grid
from tests.slides import HOT, a_drawn_slide


@given(
    panels=st.integers(1, 9),
    shape=st.floats(0.05, 20),
    rows=st.tuples(st.integers(1, 30), st.integers(1, 8)),
)
def test_the_parts_of_a_page_lie_on_it_and_not_on_each_other(panels, shape, rows):
    page = lay_out(panels, shape, rows)

    width, height = page.size_in
    parts = [*page.panels, *page.colour_bars, *page.charts]
    assert len(page.panels) == len(page.colour_bars) == panels
    assert all(x > 0 and y > 0 and x + w < 1 and y + h < 1 for x, y, w, h in parts)
    assert not any(overlap(one, other) for n, one in enumerate(parts) for other in parts[:n])
    drawn = {round(h * height / (w * width), 6) for _, _, w, h in page.panels}
    assert drawn == {round(min(max(shape, 1 / 6), 6), 6)}


def test_the_hot_tile_of_the_slide_is_the_hot_tile_of_the_map(tmp_path):
    drawn = a_drawn_slide(tmp_path / "drawn.tif")
    cols, rows = np.meshgrid(np.arange(2, 6), np.arange(1, 5))  # the field of tissue, in tiles of 256
    tiles = tile_grid(np.stack([cols.ravel(), rows.ravel()], 1), side_px0=256)
    hot = (tiles.xy_px0 == drawn.hot_px0[:2]).all(axis=1)
    one_stage = a_prediction(16, S=1).stages[0]
    stage = dataclasses.replace(one_stage, attention=np.where(hot, 0.7, 0.02).astype(np.float32), claimed=~hot & hot)
    prediction = dataclasses.replace(a_prediction(16, S=1), stages=(stage,))

    with open_slide(drawn.path) as slide:
        write_figure(a_result(tiles, slide=slide.facts, prediction=prediction), slide, tmp_path / "a.png", "raw")

    picture = np.asarray(Image.open(tmp_path / "a.png").convert("RGB")).astype(int)
    view = (512 - 41, 256 - 41, 1536 + 41, 1280 + 41)  # 4 % of 1024 around the tiles
    on_slide, _, on_map = (panel_reader(picture, box, view) for box in lay_out(3, 1, (2, 1)).panels)
    hot_blue = on_map(1024 + 128, 512 + 128)
    for x, y in tiles.xy_px0:
        is_hot = (x, y) == tuple(drawn.hot_px0[:2])
        for inset in (20, 236):  # near both corners: a shift by a tenth of a tile would show
            assert near(on_slide(x + inset, y + inset), HOT) == is_hot
            assert near(on_map(x + inset, y + inset), hot_blue) == is_hot
    assert hot_blue[2] > hot_blue[0] + 80


def test_the_scale_bar_is_as_long_as_it_says(tmp_path):
    tiles = block_of_tiles(6, 6)  # 600 px0 across, shown with 4 % around

    write_figure(a_result(tiles, slide=slide_facts((624, 624), mpp=0.5)), None, tmp_path / "a.png")

    picture = np.asarray(Image.open(tmp_path / "a.png").convert("RGB")).astype(int)
    left, bottom, width, height = lay_out(5, 1, (2, 3)).panels[0]
    high, wide = picture.shape[:2]
    rows = slice(round((1 - bottom - 0.08 * height) * high), round((1 - bottom - 0.02 * height) * high))
    part = picture[rows, round((left + 0.01 * width) * wide) : round((left + 0.5 * width) * wide)]
    longest = max(longest_run(row) for row in (np.abs(part - (0x22, 0x22, 0x22)).max(axis=2) < 40))
    px0_per_px = 630 / (width * wide)  # from 6 px beyond the slide's edge to 624
    assert longest * px0_per_px * 0.5 == pytest.approx(50, abs=2)  # µm, at most a quarter of 315


def longest_run(row):
    """How many values in a row are true at most."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], row, [False]]).astype(int)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def test_the_first_map_is_the_evidence_for_the_answer_with_its_sign(tmp_path):
    tiles, view = block_of_tiles(3, 1), (-3, -3, 303, 103)
    one_stage = a_prediction(3, S=1)
    evidence = np.float32([[1, -1], [0, 0], [-1, 1]])
    prediction = dataclasses.replace(
        one_stage,
        probabilities=np.float32([0.9, 0.1]),
        stages=(dataclasses.replace(one_stage.stages[0], tile_evidence=TileEvidence.stored(evidence)),),
    )

    write_figure(a_result(tiles, prediction=prediction), None, tmp_path / "a.png")

    picture = np.asarray(Image.open(tmp_path / "a.png").convert("RGB")).astype(int)
    shape = (view[3] - view[1]) / (view[2] - view[0])
    colour_at = panel_reader(picture, lay_out(3, shape, (2, 1)).panels[1], view)
    speaks_for, nothing, against = (colour_at(x, 50) for x in (50, 150, 250))
    assert speaks_for[0] > speaks_for[2] + 80
    assert against[2] > against[0] + 60
    assert np.ptp(nothing) < 10


@pytest.mark.parametrize("refined", [True, False])
def test_a_result_without_evidence_or_tile_outputs_is_drawn(tmp_path, refined):
    prediction = a_prediction(30, evidence=not refined)

    write_figure(a_result(prediction=prediction, preset="paper" if refined else "default"), None, tmp_path / "a.png")

    assert is_drawn(tmp_path / "a.png")


def test_roles_are_drawn_with_their_marks(tmp_path):
    predicted = predict_bag(a_checkpoint(heads="shared"), a_bag(30), device="cpu")
    result = a_result(block_of_tiles(6, 5), prediction=predicted.prediction)

    write_figure(dataclasses.replace(result, tile_outputs=predicted.tile_outputs), None, tmp_path / "roles.png")
    write_figure(result, None, tmp_path / "none.png")

    with Image.open(tmp_path / "roles.png") as roles, Image.open(tmp_path / "none.png") as none:
        assert roles.size == none.size
        assert not np.array_equal(np.asarray(roles), np.asarray(none))


@pytest.mark.parametrize(("S", "masks"), [(1, False), (3, False), (7, True)])
def test_any_number_of_stages_is_drawn_without_the_slide(tmp_path, S, masks):
    result = a_result(block_of_tiles(9, 6), prediction=a_prediction(54, S=S, C=3, masks=masks))

    write_figure(result, None, tmp_path / "drawn.png")

    assert is_drawn(tmp_path / "drawn.png")


@pytest.mark.parametrize("kind", CONTRASTS)
def test_every_contrast_is_drawn_even_of_a_single_tile(tmp_path, kind):
    write_figure(a_result(tile_grid([(3, 3)]), prediction=a_prediction(1, S=2)), None, tmp_path / "one.png", kind)

    assert is_drawn(tmp_path / "one.png")


def test_a_stage_that_was_shown_nothing_and_an_unknown_mpp_are_drawn(tmp_path):
    prediction = a_prediction(30, S=2)
    nothing = np.full(30, np.nan, np.float32)
    blind = dataclasses.replace(prediction.stages[1], attention=nothing, claimed=np.zeros(30, bool))
    prediction = dataclasses.replace(prediction, stages=(prediction.stages[0], blind))

    write_figure(a_result(prediction=prediction, slide=slide_facts(mpp=None)), None, tmp_path / "blind.png")

    assert is_drawn(tmp_path / "blind.png")


def test_names_of_any_kind_are_drawn_as_they_stand(tmp_path):
    prediction = dataclasses.replace(a_prediction(30), classes=("$\\frac{$", "正常 " * 20))
    slide = dataclasses.replace(slide_facts(), name="$x_{$ \udce4 切片" + "long " * 40 + ".svs")

    write_figure(a_result(prediction=prediction, slide=slide), None, tmp_path / "names.png")

    assert is_drawn(tmp_path / "names.png")


def test_the_picture_says_in_its_metadata_what_it_is(tmp_path):
    write_figure(a_result(), None, tmp_path / "drawn.png")

    with Image.open(tmp_path / "drawn.png") as picture:
        assert picture.info["Description"] == "Research use, not for diagnosis."
        assert "model ab12 (default) · slide 5f2a" in picture.info["Source"]


def test_another_slide_than_the_results_is_refused(tmp_path):
    drawn = a_drawn_slide(tmp_path / "other.tif")

    with open_slide(drawn.path) as slide, pytest.raises(OutputError, match=r"other\.tif is not the slide"):
        write_figure(a_result(), slide, tmp_path / "drawn.png")

    assert not (tmp_path / "drawn.png").exists()


def overlap(one, other):
    (x, y, w, h), (x2, y2, w2, h2) = one, other
    return x < x2 + w2 and x2 < x + w and y < y2 + h2 and y2 < y + h


def panel_reader(picture, box, view_px0):
    """Give a function from level-0 pixels to the colour in a panel of the picture."""
    height, width = picture.shape[:2]
    x, y, w, h = box
    left, top, right, bottom = view_px0

    def read(x_px0, y_px0):
        col = (x + w * (x_px0 - left) / (right - left)) * width
        row = (1 - y - h + h * (y_px0 - top) / (bottom - top)) * height
        return picture[int(row), int(col)]

    return read


def near(colour, other):
    return np.abs(np.asarray(colour) - other).max() < 40


def is_drawn(path):
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    return pixels.shape[1] >= 9 * 170 and len(np.unique(pixels.reshape(-1, 3)[::97], axis=0)) > 20
