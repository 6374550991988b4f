"""The levels of a slide whose tiles are decoded directly: the pixels of `Slide.read`, also while the view moves."""

from threading import Event

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from msm_mil_core.slides.readers.direct_reader import DirectReader
from msm_mil_core.slides.slide import Slide, open_slide
from napari_msm_mil.slides.damaged_slide import HATCH_GREYS
from napari_msm_mil.slides.pyramid import slide_pyramid
from tests.tiled_slides import a_field, write_tiled

SIZE_PX0 = 2604, 2204
"""More than the overview, and odd sides at the coarsest level."""


@pytest.fixture(scope="module")
def slide(tmp_path_factory):
    with open_slide(write_tiled(tmp_path_factory.mktemp("slides") / "field.tiff", a_field(SIZE_PX0))) as slide:
        yield slide


@pytest.fixture(scope="module")
def levels(slide):
    return slide_pyramid(slide)


def test_levels_by_which_decoding_reduces_are_read_from_the_file(slide, levels):
    plans = [(plan.in_file, plan.reduction) for plan in levels[0].pyramid.levels]

    assert slide.reductions == (1, 2, 4)
    assert plans == [(0, 1), (0, 2), (1, 1)]
    assert [level.shape[:2] for level in levels] == [(2204, 2604), (1102, 1302), (551, 651)]


@given(data=st.data(), number=st.integers(0, 2))
@settings(max_examples=60, deadline=None)
def test_any_part_of_a_level_is_what_the_slide_reads(slide, levels, data, number):
    level, plan = levels[number], levels[0].pyramid.levels[number]
    height, width, _ = level.shape
    rows, columns = (data.draw(st.slices(side)) for side in (height, width))

    part = level[rows, columns]

    whole = slide.read((0, 0), plan.in_file, (width, height), plan.reduction)
    assert np.array_equal(part, whole[rows, columns])


def test_what_lies_ahead_is_read_before_it_is_shown(slide, monkeypatch):
    ahead, read = Event(), Slide.read

    def noted(slide, xy_px0, level, size_px, reduction=1):
        pixels = read(slide, xy_px0, level, size_px, reduction)
        if (xy_px0, size_px) == ((1536, 0), (512, 512)):
            ahead.set()
        return pixels

    level = slide_pyramid(slide)[0]
    monkeypatch.setattr(Slide, "read", noted)
    for left in (0, 512):
        level[:512, left : left + 1024]

    assert ahead.wait(60)


def test_of_a_damaged_tile_only_what_lies_around_it_is_hatched(tmp_path, notes):
    path = write_tiled(tmp_path / "damaged.tiff", a_field(SIZE_PX0))
    slide = open_slide(path)
    before = slide.read((0, 0), 0, (1536, 1536))
    level = slide_pyramid(slide)[0]
    spoil(path, tile=40)

    shown = level[:1536, :1536]

    hatched = np.isin(shown, HATCH_GREYS).all(axis=-1)
    assert np.array_equal(shown[~hatched], before[~hatched])
    assert hatched.mean() <= (512 / 1536) ** 2 + 0.01


def spoil(path, tile):

    with tifffile.TiffFile(path) as tiff:
        offset, length = tiff.pages[0].dataoffsets[tile], tiff.pages[0].databytecounts[tile]
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(bytes(length))


def test_a_run_decodes_nothing_that_was_looked_at(tmp_path, monkeypatch):
    path = write_tiled(tmp_path / "field.tiff", a_field(SIZE_PX0))
    finest = slide_pyramid(open_slide(path))[0]
    decoded, decode = [], DirectReader._decode
    monkeypatch.setattr(DirectReader, "_decode", lambda *tile: decoded.append(tile[1:]) or decode(*tile))
    looked_at = np.asarray(finest[:1024, :1024])

    with open_slide(path) as run:
        decoded.clear()
        seen = run.read((0, 0), 0, (1024, 1024))
        again = list(decoded)
        run.read((1024, 1024), 0, (1024, 1024))

    np.testing.assert_array_equal(seen, looked_at)
    assert again == []
    assert decoded != []
