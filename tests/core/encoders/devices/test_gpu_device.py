"""What is chosen for a GPU; the cards themselves are not at hand."""

import pytest

from msm_mil_core.devices import choose_slide_devices
from msm_mil_core.encoders.devices.gpu_device import bytes_per_tile, choose_batch
from msm_mil_core.errors import BatchTooLargeError, DeviceError

GIB, MIB = 2**30, 2**20


@pytest.mark.parametrize(
    ("free_gib", "tile_mib", "batch"),
    [(80, 20, 512), (24, 20, 512), (8, 20, 256), (8, 60, 64), (4, 60, 32), (1, 600, 1), (0, 20, 1), (80, 0, 512)],
)
def test_the_batch_is_as_large_as_the_free_memory_allows(free_gib, tile_mib, batch):
    assert choose_batch(free_gib * GIB, tile_mib * MIB) == batch


def test_a_tiles_memory_is_measured_on_one_where_more_do_not_fit():
    def used(tiles: int) -> int:
        if tiles > 4:
            raise BatchTooLargeError("too many")
        return tiles * 100

    assert bytes_per_tile(used) == 100
    assert bytes_per_tile(used, tiles=4) == 100


def test_slides_are_shared_among_all_cards_unless_some_are_named(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)

    assert [str(device) for device in choose_slide_devices("auto")] == ["cuda:0", "cuda:1", "cuda:2"]
    assert [str(device) for device in choose_slide_devices("cuda:2,cuda:0")] == ["cuda:2", "cuda:0"]
    assert [str(device) for device in choose_slide_devices("cpu")] == ["cpu"]
    with pytest.raises(DeviceError, match="twice"):
        choose_slide_devices("cuda:1,cuda:1")
