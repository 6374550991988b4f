"""An encoder that computes with torch: a network on a device, in a precision."""

import time
from typing import Any, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from msm_mil_core.bags.bag import EncoderCard
from msm_mil_core.encoders.devices.batch_device import BatchDevice
from msm_mil_core.encoders.devices.device_encoder import DeviceEncoder
from msm_mil_core.encoders.devices.torch_device import (
    CpuDevice,
    PlacedNetwork,
    as_tensor,
    place,
    settle,
    to_numpy,
    torch_errors,
)
from msm_mil_core.encoders.networks.encoder_network import Network
from msm_mil_core.errors import EncoderError
from msm_mil_core.precision import Trial, choose_precision
from msm_mil_core.precision_choice import Computed, Precision

PROBE_TILES = 4
"""Tiles in a batch of the probe for a precision."""


def put_on_device(network: Network, device: torch.device, precision: Precision) -> DeviceEncoder[Any]:
    """Move a network to a device, choose the precision, cast the weights once, and try it on one tile of noise.

    Raises
    ------
    EncoderError
        If it does not give one feature vector a tile.
    DeviceError
        If the network cannot compute on the device.
    """
    if precision not in get_args(Precision):
        raise ValueError(f"precision is one of {get_args(Precision)}, not {precision!r}")
    shape = (PROBE_TILES, network.side_px, network.side_px, 3)
    tiles = np.random.default_rng(0).integers(0, 256, shape, np.uint8)

    def attempt(tried: Computed) -> Trial:
        start = time.perf_counter()
        features = _compute(PlacedNetwork(network, device, tried), tiles)
        return Trial(time.perf_counter() - start, features)

    with torch_errors(PlacedNetwork(network, device, "float32"), 1):
        place(network, device)
        computed = choose_precision(precision, device.type, network.weights_sha256, attempt)
        placed = settle(network, device, computed)
        features = _compute(placed, tiles[:1])
    if features.ndim != 2:
        raise EncoderError(f"{network.name} gives {features.shape[1:]} a tile, not one feature vector; choose another.")
    return DeviceEncoder(_card(network, features.shape[1], computed), batch_device(placed), network.takes_any_side)


def batch_device(placed: PlacedNetwork) -> BatchDevice[Any]:
    """Return the pipeline that suits the device on which a network is."""
    if placed.device.type == "cpu":
        return CpuDevice(placed)
    from msm_mil_core.encoders.devices.gpu_device import CudaDevice, MpsDevice

    return CudaDevice(placed) if placed.device.type == "cuda" else MpsDevice(placed)


def _compute(placed: PlacedNetwork, tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
    return to_numpy(placed.compute(as_tensor(tiles).to(placed.device)))


def _card(network: Network, features: int, computed: Computed) -> EncoderCard:
    return EncoderCard(
        name=network.name,
        features=features,
        side_px=network.side_px,
        mpp=None,
        licence=network.licence,
        weights_sha256=network.weights_sha256,
        precision=computed,
    )
