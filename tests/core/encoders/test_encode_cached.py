"""Tiles that were encoded are never encoded again: those of a whole slide, and those of a run that was ended."""

from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
import torch

from msm_mil_core.encoders.devices.torch_encoder import put_on_device
from msm_mil_core.encoders.encode_cached import encode_cached
from msm_mil_core.encoders.encode_options import EncodeOptions
from msm_mil_core.encoders.encoder_on_demand import EncoderOnDemand
from msm_mil_core.errors import DeviceError
from msm_mil_core.slides.slide import Slide, open_slide
from msm_mil_core.slides.tiling.tiles import TileGrid
from tests.encoders import Colours, a_network
from tests.slides import a_drawn_slide

TILES = TileGrid(np.stack([np.arange(64) % 8, np.arange(64) // 8], axis=1).astype(np.int64) * 128, 128, 32, 2.0)
BATCH = EncodeOptions(batch=8, threads=2)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_drawn_slide(tmp_path_factory.mktemp("slides") / "drawn.tiff").path


@pytest.fixture
def slide(drawn: Path) -> Generator[Slide, None, None]:
    with open_slide(drawn) as opened:
        yield opened


class Counting(Colours):
    """Counts the tiles it gets, and fails after some."""

    def __init__(self, most: int = 1000) -> None:
        super().__init__(1000)
        self.most = most

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.tiles >= self.most:
            raise RuntimeError("the device fell off")
        return super().forward(x)

    @property
    def tiles(self) -> int:
        return sum(self.sizes)


def encode(slide, cache, *, tiles=TILES, until=None, options=BATCH, most=1000):
    """Encode, or drop the work at the first progress of `until` tiles; return the features, and how many were made."""
    counting = Counting(most)
    encoder = put_on_device(a_network(counting), torch.device("cpu"), "float32")
    counting.sizes.clear()  # it has tried one tile
    work = encode_cached(slide, tiles, EncoderOnDemand(encoder.card, lambda: encoder), options, cache)
    while True:
        try:
            now = next(work)
        except StopIteration as end:
            return end.value.features, counting.tiles
        if until is not None and now.done >= until:
            work.close()
            return None, counting.tiles


@pytest.mark.parametrize("until", [0, 8, 56])
def test_a_run_continues_where_an_ended_one_stopped_and_gives_the_same(slide, tmp_path, until):
    whole, _ = encode(slide, None)
    _, before = encode(slide, tmp_path, until=until)

    features, made = encode(slide, tmp_path)

    assert (before, made) == (until, len(TILES) - until)
    np.testing.assert_array_equal(features, whole)
    assert len(list(tmp_path.iterdir())) == 1  # the beginning is gone
    assert encode(slide, tmp_path)[1] == 0


def test_a_run_may_be_ended_many_times(slide, tmp_path):
    whole, _ = encode(slide, None)

    made = [encode(slide, tmp_path, until=until)[1] for until in (16, 16, 24, 40)]
    features, last = encode(slide, tmp_path)

    assert [*made, last] == [16, 0, 8, 16, 24]
    np.testing.assert_array_equal(features, whole)


def test_a_device_that_fails_loses_only_what_it_was_at(slide, tmp_path):
    with pytest.raises(DeviceError):
        encode(slide, tmp_path, most=24)

    assert encode(slide, tmp_path)[1] == len(TILES) - 24


def test_another_batch_continues_in_its_own_batches(slide, tmp_path):
    encode(slide, tmp_path, until=40)

    _, made = encode(slide, tmp_path, options=EncodeOptions(batch=16))

    assert made == len(TILES) - 32


def test_a_beginning_of_other_tiles_or_a_damaged_one_is_not_continued(slide, tmp_path):
    encode(slide, tmp_path, until=40)
    begun = next(tmp_path.iterdir())
    other = TileGrid(TILES.xy_px0[::-1].copy(), TILES.side_px0, TILES.side_px, TILES.mpp)

    of_others = encode(slide, tmp_path, tiles=other)[1]
    content = bytearray(begun.read_bytes())
    content[-100] ^= 1
    begun.write_bytes(bytes(content))
    of_damaged = encode(slide, tmp_path)[1]

    assert (of_others, of_damaged) == (len(TILES), len(TILES))


def test_where_nothing_can_be_cached_the_run_ends_all_the_same(slide, tmp_path, caplog):
    folder = tmp_path / "a file"
    folder.write_text("where the folder should be")

    encode(slide, folder, until=16)

    assert "not cached" in caplog.text
    assert encode(slide, folder)[1] == len(TILES)
