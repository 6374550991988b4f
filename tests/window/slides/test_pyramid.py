"""The levels that napari is given: the same pixels as the file's, read once, in bounded memory."""

import copy
import gc
import pickle
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from napari.components import ViewerModel
from napari.layers import Layer
from napari.settings import get_settings
from openslide import OpenSlide
from PIL import Image

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.slide import open_slide
from napari_msm_mil.layers.layer_data import slide_layer
from napari_msm_mil.slides import pyramid as _pyramid
from napari_msm_mil.slides import pyramid_levels as _levels
from napari_msm_mil.slides.damaged_slide import HATCH_GREYS
from napari_msm_mil.slides.pyramid import slide_pyramid
from napari_msm_mil.slides.pyramid_levels import plan_levels
from tests.slides import a_drawn_slide, a_picture, write_slide


@pytest.fixture(scope="module")
def picture():
    """1300 x 1100 px: more than one tile, and tiles that are cut off at the edges."""
    x, y = np.meshgrid(np.arange(1300), np.arange(1100))
    return np.stack([x % 256, y % 256, (x // 7 + y // 5) % 256], axis=-1).astype(np.uint8)


@pytest.fixture(scope="module")
def level(picture, tmp_path_factory):
    path = write_slide(tmp_path_factory.mktemp("slides") / "ramps.tiff", picture, levels=1)
    return slide_pyramid(open_slide(path))[0]


@pytest.fixture
def counted_reads(monkeypatch):
    """Count the reads of slides, in the order in which they are made."""
    reads = []
    read = _pyramid.Slide.read

    def counted(slide, xy_px0, level, size_px, reduction=1):
        reads.append((xy_px0, level, size_px))
        return read(slide, xy_px0, level, size_px, reduction)

    monkeypatch.setattr(_pyramid.Slide, "read", counted)
    return reads


indices = (
    st.integers(-1099, 1099) | st.slices(1100) | st.builds(slice, st.integers(-3000, 3000), st.integers(-3000, 3000))
)


@given(row=indices, column=indices, colour=st.slices(3) | st.integers(-3, 2))
@settings(max_examples=60)
def test_a_level_is_indexed_as_an_array_is(level, picture, row, column, colour):
    assert np.array_equal(level[row, column, colour], picture[row, column, colour])


@pytest.mark.parametrize("key", [np.s_[7], np.s_[...], np.s_[..., 1], np.s_[5, ..., 0], np.s_[3:9, ...], np.s_[-1, -1]])
def test_axes_may_be_left_out(level, picture, key):
    assert np.array_equal(level[key], picture[key])


@pytest.mark.parametrize("key", [np.s_[1100], np.s_[0, 1300], np.s_[0, 0, 0, 0], np.s_[..., ...], np.s_[0, 0, 3]])
def test_what_is_not_there_is_an_index_error(level, key):
    with pytest.raises(IndexError):
        level[key]


def test_a_level_has_shape_and_type_and_becomes_an_array(level, picture):
    assert (level.shape, level.dtype, level.ndim, level.size) == (picture.shape, picture.dtype, 3, picture.size)
    assert len(level) == len(picture)
    assert np.array_equal(np.asarray(level), picture)


@given(
    size_px0=st.tuples(st.integers(1, 200_000), st.integers(1, 200_000)),
    factors=st.lists(st.floats(1, 64), max_size=6),
    has_thumbnail=st.booleans(),
)
def test_levels_shrink_until_the_slide_fits_a_texture(size_px0, factors, has_thumbnail):
    in_file = [tuple(max(1, int(side / factor)) for side in size_px0) for factor in (1, *sorted(factors))]

    plan = plan_levels(in_file, has_thumbnail=has_thumbnail)

    assert plan[0].size_px == size_px0
    assert max(plan[-1].size_px) <= 1024
    for before, after in pairwise(plan):
        assert after.size_px != before.size_px
        assert all(now <= then for now, then in zip(after.size_px, before.size_px, strict=True))
        assert max(before.size_px) <= 3 * max(after.size_px)


def test_a_file_whose_levels_lie_far_apart_gets_levels_in_between():
    plan = plan_levels([(40_000, 30_000), (10_000, 7_500), (2_500, 1_875)])

    assert [level.size_px[0] for level in plan] == [40_000, 20_000, 10_000, 5_000, 2_500, 1_250, 625]
    assert [level.in_file for level in plan] == [0, None, 1, None, 2, None, None]


def test_the_thumbnail_serves_only_where_averaging_would_read_too_much():
    plan = plan_levels([(60_000, 50_000)], has_thumbnail=True)

    assert [level.size_px[0] for level in plan if level.by_thumbnail] == [3750, 1875, 938]


def test_a_level_drawn_from_the_thumbnail_shows_the_slide_in_the_same_place(shared, monkeypatch):
    path = shared("slides/CMU-1-Small-Region.svs")
    averaged = np.asarray(slide_pyramid(open_slide(path))[-1]).astype(int)
    monkeypatch.setattr(_levels, "BY_THUMBNAIL", 4)

    drawn = np.asarray(slide_pyramid(open_slide(path))[-1])

    apart = [
        np.abs(np.roll(drawn, shift, axis=(0, 1)) - averaged).mean() for shift in [(0, 0), (0, 2), (2, 0), (-2, 0)]
    ]
    assert apart[0] < 8
    assert apart[0] == min(apart)


def test_levels_that_the_file_lacks_are_area_averages(level, picture):
    half = np.asarray(_pyramid.PyramidLevel(level.pyramid, 1))

    assert half.shape == (550, 650, 3)
    assert np.abs(half - picture.reshape(550, 2, 650, 2, 3).mean(axis=(1, 3))).max() <= 1


def test_a_coarse_level_of_odd_size_covers_the_whole_slide(tmp_path):
    picture = a_picture((1501, 1333), {(1401, 1233, 100, 100): (90, 30, 120)}, noise=0)

    half = np.asarray(slide_pyramid(open_slide(write_slide(tmp_path / "odd.tiff", picture, levels=1)))[1])

    expected = Image.fromarray(picture).resize(half.shape[1::-1], Image.Resampling.BOX)
    assert half[-1, -1].tolist() == [90, 30, 120]
    assert np.abs(half.astype(int) - expected).mean() < 0.01


def test_each_pixel_is_read_once_however_the_view_moves(level, counted_reads, tmp_path):
    top = slide_pyramid(open_slide(a_drawn_slide(tmp_path / "drawn.tiff").path))[0]
    counted_reads.clear()

    for left in range(0, 1000, 50):
        top[100:900, left : left + 800]

    assert sum(size[0] * size[1] for _, _, size in counted_reads) <= top.shape[0] * top.shape[1]
    assert len(set(counted_reads)) == len(counted_reads)


def test_coarse_levels_share_the_tiles_of_finer_ones(counted_reads, tmp_path, picture):
    fine, coarse = slide_pyramid(open_slide(write_slide(tmp_path / "ramps.tiff", picture, levels=1)))
    counted_reads.clear()

    fine[...]

    assert np.asarray(coarse).shape[0] == 550
    assert counted_reads == []


def test_all_open_slides_share_one_bound_and_leave_nothing_behind(tmp_path, picture, monkeypatch):
    monkeypatch.setattr(_pyramid.SHARED_TILES, "max_bytes", picture.nbytes)
    monkeypatch.setattr(_pyramid.SHARED_TILES, "grow", lambda _: None)
    shown = [slide_pyramid(open_slide(write_slide(tmp_path / f"{n}.tiff", picture, levels=1))) for n in range(3)]

    read = [np.asarray(levels[0]) for levels in shown]

    assert all(np.array_equal(pixels, picture) for pixels in read)
    held = _pyramid.SHARED_TILES.held_bytes
    assert 0 < held <= picture.nbytes
    del shown
    gc.collect()
    assert _pyramid.SHARED_TILES.held_bytes < held


def test_a_level_can_be_copied_and_sent_elsewhere(level, picture, tmp_path):
    levels = slide_pyramid(open_slide(write_slide(tmp_path / "ramps.tiff", picture, levels=1), mpp=0.7))

    copied, (sent, coarse) = copy.deepcopy(levels), pickle.loads(pickle.dumps(levels))

    assert copied[0].pyramid is levels[0].pyramid
    assert np.array_equal(sent[500:900], picture[500:900])
    assert coarse.pyramid is sent.pyramid
    assert sent.pyramid.facts == levels[0].pyramid.facts


def test_many_threads_read_the_same_as_one(level, picture):
    with ThreadPoolExecutor(8) as threads:
        parts = list(threads.map(lambda at: level[at : at + 300, at : at + 400], range(0, 800, 20)))

    for at, part in zip(range(0, 800, 20), parts, strict=True):
        assert np.array_equal(part, picture[at : at + 300, at : at + 400])


def test_damage_is_hatched_reported_once_and_leaves_the_rest_readable(tmp_path, notes, picture):
    path = write_slide(tmp_path / "damaged.tiff", picture, levels=2)
    spoil_first_tile(path)

    level = slide_pyramid(open_slide(path))[0]

    assert set(np.unique(level[:256, :256])) == set(HATCH_GREYS)
    assert np.array_equal(level[600:, 600:], picture[600:, 600:])
    level[:, :]
    reported = [(severity, message) for severity, message in notes if "damaged.tiff" in message]
    assert [severity for severity, _ in reported] == ["warning"]
    assert "hatched" in reported[0][1]


def test_a_slide_that_cannot_be_shown_at_all_is_refused(shared):
    slide = open_slide(shared("negative/unreadable.svs"))

    with pytest.raises(SlideError, match=r"unreadable\.svs"):
        slide_pyramid(slide)


def test_the_file_is_closed_when_its_layer_has_gone(tmp_path):
    viewer = ViewerModel()
    viewer.add_layer(Layer.create(*slide_layer(open_slide(a_drawn_slide(tmp_path / "drawn.tiff").path))))
    assert open_handles(tmp_path / "drawn.tiff")

    viewer.layers.clear()
    viewer.add_points([(0, 0)])  # napari holds the layer that was selected last until another one is
    gc.collect()

    assert not open_handles(tmp_path / "drawn.tiff")


@pytest.mark.parametrize("in_background", [False, True])
def test_napari_shows_what_the_camera_looks_at(make_napari_viewer, qtbot, tmp_path, monkeypatch, in_background):
    drawn = a_drawn_slide(tmp_path / "drawn.tiff")
    viewer = make_napari_viewer(show=True)
    monkeypatch.setattr(get_settings().experimental, "async_", in_background)
    layer = viewer.add_layer(Layer.create(*slide_layer(open_slide(drawn.path))))

    x, y, width, height = drawn.hot_px0
    for zoom in (0.3, 1.0, 6.0):
        viewer.scene.camera.center = ((y + height / 2) * drawn.mpp, (x + width / 2) * drawn.mpp)
        viewer.scene.camera.zoom = zoom
        qtbot.waitUntil(lambda: layer.loaded)
        shown = viewer.screenshot(flash=False)
        middle = shown[shown.shape[0] // 2, shown.shape[1] // 2, :3]

        assert np.abs(middle.astype(int) - (90, 30, 120)).max() < 20


def open_handles(path):
    return [found for found in gc.get_objects() if type(found) is OpenSlide and str(path) in repr(found)]


def spoil_first_tile(path):
    with tifffile.TiffFile(path) as tiff:
        offset, length = tiff.pages[0].dataoffsets[0], tiff.pages[0].databytecounts[0]
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(bytes(length))
