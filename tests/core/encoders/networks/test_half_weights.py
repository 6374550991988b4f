"""Weights cast once give what autocast gives, and normalisation rounds once."""

import numpy as np
import pytest
import torch

from msm_mil_core.encoders.devices.torch_device import PlacedNetwork, place, settle
from msm_mil_core.encoders.networks.efficientnet_lite0 import load_efficientnet_lite0
from msm_mil_core.encoders.networks.encoder_network import Normalisation

CPU = torch.device("cpu")


def test_features_in_half_precision_are_those_of_autocast():
    tiles = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8))
    network = load_efficientnet_lite0()
    place(network, CPU)
    expected = PlacedNetwork(network, CPU, "bfloat16").compute(tiles)

    cast = settle(network, CPU, "bfloat16")

    assert torch.equal(cast.compute(tiles), expected)
    stem, early = network.first_layers
    assert {weight.dtype for layer in (stem, early) for weight in layer.parameters()} == {torch.float32}
    assert network.module.head.weight.dtype == torch.bfloat16


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_normalisation_is_computed_in_float32_and_rounded_once(dtype: torch.dtype):
    normalise = Normalisation((123.7, 116.3, 103.5), (58.4, 57.1, 57.4))
    tiles = torch.randint(0, 256, (2, 9, 9, 3), dtype=torch.uint8).permute(0, 3, 1, 2)
    mean, std = (torch.tensor(of_rgb).view(1, 3, 1, 1) for of_rgb in (normalise.mean, normalise.std))

    normalised = normalise(tiles, dtype)

    assert torch.equal(normalised, ((tiles.float() - mean) / std).to(dtype))
    assert normalised.is_contiguous(memory_format=torch.channels_last)
