"""Encoding reads ahead, keeps the order, survives too little memory, and leaves nothing behind when dropped."""

import gc
import logging
import os
import threading
from collections.abc import Generator
from pathlib import Path
from shutil import copyfile

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from msm_mil_core.bags.bag import FeatureBag
from msm_mil_core.encoders.batch_reader import BATCHES_AHEAD
from msm_mil_core.encoders.devices.torch_encoder import put_on_device
from msm_mil_core.encoders.encode import encode_tiles
from msm_mil_core.encoders.encode_options import EncodeOptions
from msm_mil_core.errors import BatchTooLargeError, EncoderError, SlideError
from msm_mil_core.progress import Progress
from msm_mil_core.slides.slide import Slide, open_slide
from msm_mil_core.slides.tiling.tiles import TileGrid
from tests.encoders import Colours, a_network, a_small_encoder
from tests.slides import HOT, DrawnSlide, a_drawn_slide


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> DrawnSlide:
    return a_drawn_slide(tmp_path_factory.mktemp("slides") / "drawn.tiff")


@pytest.fixture
def slide(drawn: DrawnSlide) -> Generator[Slide, None, None]:
    with open_slide(drawn.path) as opened:
        yield opened


def a_grid(slide: Slide, side_px0: int = 128, side_px: int = 32) -> TileGrid:
    width, height = slide.facts.size_px0
    rows, cols = np.mgrid[: height // side_px0, : width // side_px0]
    xy_px0 = np.stack([cols.ravel(), rows.ravel()], axis=1).astype(np.int64) * side_px0
    return TileGrid(xy_px0, side_px0, side_px, 0.5 * side_px0 / side_px)


def finish(work: Generator[Progress, None, FeatureBag]) -> tuple[list[Progress], FeatureBag]:
    steps = []
    while True:
        try:
            steps.append(next(work))
        except StopIteration as stop:
            return steps, stop.value


def readers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("read-tiles")]


def test_each_tile_gets_its_own_features_in_the_order_of_the_tiles(slide: Slide, drawn: DrawnSlide):
    tiles = a_grid(slide)
    x, y, width, height = drawn.hot_px0

    _, bag = finish(encode_tiles(slide, tiles, a_small_encoder(), EncodeOptions(batch=7, threads=3)))

    centre = tiles.xy_px0 + tiles.side_px0 // 2
    hot = ((centre >= (x, y)) & (centre < (x + width, y + height))).all(axis=1)
    np.testing.assert_allclose(bag.features[hot] * 255, np.broadcast_to(HOT, (hot.sum(), 3)), atol=5)
    assert (bag.features[~hot, 1] * 255 > 100).all()
    assert (bag.tiles, bag.slide, bag.encoder) == (tiles, slide.facts, a_small_encoder().card)


def test_neither_batch_nor_threads_change_the_features(slide: Slide):
    tiles, encoder = a_grid(slide), a_small_encoder()
    _, expected = finish(encode_tiles(slide, tiles, encoder, EncodeOptions(batch=1, threads=1)))

    for batch, threads in [(5, 1), (16, 4), (1000, 2)]:
        _, bag = finish(encode_tiles(slide, tiles, encoder, EncodeOptions(batch=batch, threads=threads)))

        np.testing.assert_allclose(bag.features, expected.features, atol=1e-6)


def test_progress_counts_tiles_from_none_to_all(slide: Slide):
    tiles = a_grid(slide)

    steps, _ = finish(encode_tiles(slide, tiles, a_small_encoder(), EncodeOptions(batch=50)))

    assert [step.done for step in steps] == [0, 50, 100, 150, len(tiles)]
    assert {(step.step, step.total, step.unit) for step in steps} == {("Encoding tiles", len(tiles), "tiles")}


def test_where_memory_runs_out_the_batch_halves_and_goes_on(slide: Slide, caplog: pytest.LogCaptureFixture):
    tiles, network = a_grid(slide), Colours(most_tiles=5)
    _, expected = finish(encode_tiles(slide, tiles, a_small_encoder(), EncodeOptions()))
    encoder = put_on_device(a_network(network), torch.device("cpu"), "float32")
    network.sizes.clear()

    with caplog.at_level(logging.WARNING):
        steps, bag = finish(encode_tiles(slide, tiles, encoder, EncodeOptions(batch=32)))

    np.testing.assert_allclose(bag.features, expected.features, atol=1e-6)
    assert [step.done for step in steps][-1] == len(tiles)
    assert max(network.sizes) == 4
    assert [record.args[-1] for record in caplog.records] == [16, 8, 4]


def test_too_little_memory_for_a_single_tile_is_told(slide: Slide):
    network = Colours(most_tiles=1)
    encoder = put_on_device(a_network(network), torch.device("cpu"), "float32")
    network.most_tiles = 0

    with pytest.raises(BatchTooLargeError, match="too little memory for small on even one tile"):
        finish(encode_tiles(slide, a_grid(slide), encoder, EncodeOptions(batch=8)))
    assert readers() == []


def test_a_dropped_run_stops_reading_and_leaves_no_thread(slide: Slide):
    work = encode_tiles(slide, a_grid(slide, 64), a_small_encoder(), EncodeOptions(batch=4, threads=3))
    next(work)
    next(work)
    assert readers() != []

    work.close()

    assert readers() == []


def test_a_forgotten_run_stops_too(slide: Slide):
    work = encode_tiles(slide, a_grid(slide, 64), a_small_encoder(), EncodeOptions(batch=4))
    next(work)
    next(work)

    del work
    gc.collect()

    assert readers() == []


def test_a_finished_run_leaves_no_thread(slide: Slide):
    finish(encode_tiles(slide, a_grid(slide), a_small_encoder(), EncodeOptions()))

    assert readers() == []


def test_only_some_batches_are_read_ahead(drawn: DrawnSlide, monkeypatch: pytest.MonkeyPatch):
    with open_slide(drawn.path) as slide:
        read: list[tuple[int, int]] = []
        ahead, read_region = threading.Event(), type(slide).read

        def noted(it: Slide, xy_px0: tuple[int, int], *where: object) -> np.ndarray:
            read.append(xy_px0)
            if len(read) > 4:
                ahead.set()
            return read_region(it, xy_px0, *where)

        monkeypatch.setattr(type(slide), "read", noted)
        work = encode_tiles(slide, a_grid(slide, 64), a_small_encoder(), EncodeOptions(batch=4, threads=2))
        next(work)
        next(work)
        assert ahead.wait(60)
        work.close()  # waits for the reads that have begun

    assert 4 < len(read) <= (BATCHES_AHEAD + 1) * 4


def test_a_slide_cut_short_is_told_with_its_name(tmp_path: Path, shared):
    cut = copyfile(shared("slides/CMU-1-Small-Region.svs"), tmp_path / "cut.svs")
    with open_slide(cut) as slide:
        data = cut.read_bytes()
        os.truncate(cut, 400_000)
        work = encode_tiles(slide, a_grid(slide, 224, 32), a_small_encoder(), EncodeOptions(batch=4))

        with pytest.raises(SlideError, match=r"cut\.svs"):
            finish(work)
        assert readers() == []
        cut.write_bytes(data)


def test_an_encoder_that_takes_another_side_is_told(slide: Slide):
    encoder = put_on_device(a_network(Colours(9), 48, takes_any_side=False), torch.device("cpu"), "float32")

    with pytest.raises(EncoderError, match="takes tiles of 48 px, not 32"):
        finish(encode_tiles(slide, a_grid(slide), encoder, EncodeOptions()))


def test_no_tiles_are_an_empty_bag(slide: Slide):
    none = TileGrid(np.empty((0, 2), np.int64), 128, 32, 2.0)

    steps, bag = finish(encode_tiles(slide, none, a_small_encoder(), EncodeOptions()))

    assert (len(steps), bag.features.shape) == (1, (0, 3))


@pytest.mark.parametrize("wrong", [{"batch": 0}, {"threads": 0}, {"precision": "float8"}, {"workers": 2}])
def test_options_out_of_range_are_refused(wrong: dict[str, object]):
    with pytest.raises(ValidationError):
        EncodeOptions.model_validate(wrong)


def test_a_real_slide_gives_the_same_features_as_its_tiles_in_memory(shared):
    from msm_mil_core.encoders.registry import load_encoder
    from msm_mil_core.slides.tiling.tile_reader import read_tile

    encoder = load_encoder("efficientnet-lite0", device="cpu", precision="float32")
    with open_slide(shared("slides/CMU-1-Small-Region.svs")) as slide:
        tiles = a_grid(slide, 448, 96)
        plan = slide.plan_read(448, 96)
        pixels = np.stack([read_tile(slide, plan, (x, y)) for x, y in tiles.xy_px0.tolist()])

        _, bag = finish(encode_tiles(slide, tiles, encoder, EncodeOptions(batch=8)))

    np.testing.assert_allclose(bag.features, encoder.encode(pixels), rtol=1e-4, atol=1e-4)
