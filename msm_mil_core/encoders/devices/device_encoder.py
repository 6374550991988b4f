"""An encoder on a device: checks what goes in and what comes out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.bags.bag import EncoderCard
from msm_mil_core.encoders.devices.batch_device import BatchDevice, Held
from msm_mil_core.errors import DeviceError, EncoderError


@dataclass(frozen=True, slots=True, eq=False)
class DeviceEncoder(Generic[Held]):
    """A network on a device; an `Encoder`."""

    card: EncoderCard
    device: BatchDevice[Held]
    takes_any_side: bool
    """Whether tiles of another side than the card's are accepted, too."""

    def encode(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Encode tiles (n, side, side, 3) to features (n, P), as `Encoder` says."""
        return self.begin(batch)()

    def begin(self, batch: NDArray[np.uint8]) -> Callable[[], NDArray[np.float32]]:
        """Begin to encode, and return what waits for the features, as `Encoder` says."""
        self._check(batch)
        device = self.device
        held = device.download(device.run(device.upload(batch)))
        return lambda: self._checked(device.synchronise(held))

    def _check(self, batch: NDArray[np.uint8]) -> None:
        if batch.dtype != np.uint8 or batch.ndim != 4 or batch.shape[3] != 3 or batch.shape[1] != batch.shape[2]:
            raise ValueError(f"tiles are (n, side, side, 3) uint8, not {batch.shape} {batch.dtype}")
        side_px = batch.shape[1]
        if side_px != self.card.side_px and not self.takes_any_side:
            raise EncoderError(
                f"{self.card.name} takes tiles of {self.card.side_px} px, not {side_px}: "
                f"choose a tile side of {self.card.side_px} px."
            )

    def _checked(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        if not np.isfinite(features).all():
            raise DeviceError(
                f"{self.card.name} gives features that are not finite in {self.card.precision}. "
                "Choose precision float32."
            )
        return features
