"""One function chooses the device; the choice is tested, not the card."""

import pytest

from msm_mil_core.devices import best_device_name, choose_device
from msm_mil_core.errors import DeviceError


@pytest.mark.parametrize(
    ("cuda", "mps", "best"),
    [(True, True, "cuda"), (True, False, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_auto_takes_cuda_then_mps_then_the_cpu(cuda, mps, best):
    assert best_device_name(has_cuda=cuda, has_mps=mps) == best


def test_the_cpu_is_always_there():
    assert choose_device("cpu").type == "cpu"


@pytest.mark.parametrize("wish", ["cuda:99", "gpu", "", "meta"])
def test_a_device_that_is_not_here_is_told_with_what_to_use(wish):
    with pytest.raises(DeviceError, match="use auto"):
        choose_device(wish)
