"""An encoder that is known before its weights are in a network: they are loaded when a tile has to be encoded."""

import json
import logging
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.bags.bag import EncoderCard
from msm_mil_core.devices import choose_device
from msm_mil_core.encoders.registry import Encoder, load_encoder, name_here, weights_file
from msm_mil_core.errors import OutputError
from msm_mil_core.file_lock import locked
from msm_mil_core.precision_choice import Precision
from msm_mil_core.user_folders import encoder_cards_file

WAIT_S = 30.0
"""How long to wait for another process that stores its card."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class EncoderOnDemand:
    """What an encoder is, and how to get it."""

    card: EncoderCard
    load: Callable[[], Encoder]
    """Returns the encoder, loaded no more than once; from any thread."""


def loaded(encoder: Encoder) -> EncoderOnDemand:
    """Return an encoder that is loaded already."""
    return EncoderOnDemand(encoder.card, lambda: encoder)


def find_encoder(name: str, *, device: str = "auto", precision: Precision = "auto") -> EncoderOnDemand:
    """Return an encoder by its card; the last one that was loaded is used again by all runs of this process.

    Nothing is loaded where the card is remembered from an earlier run on this machine and the file of the weights is
    still the same. Of encoders whose file is not known by their name, those on the hub and in the zoo, the card is
    known only once they are loaded.

    Raises
    ------
    EncoderError, DeviceError
        As `load_encoder` raises them.
    """
    name = name_here(name)
    weights = weights_file(name)
    return _found(name, str(choose_device(device)), precision, weights, weights and _hash(weights, _state(weights)))


@lru_cache(maxsize=1)
def _found(
    name: str, device: str, precision: Precision, weights: Path | None, weights_sha256: str | None
) -> EncoderOnDemand:
    key = _key(name, device, precision)
    card = _remembered().get(key) if weights else None
    if card is not None and card.weights_sha256 == weights_sha256:
        wanted: Any = card.precision
        return EncoderOnDemand(card, _once(lambda: load_encoder(name, device=device, precision=wanted)))
    encoder = load_encoder(name, device=device, precision=precision)
    if weights:
        _remember(key, encoder.card)
    return loaded(encoder)


def _once(load: Callable[[], Encoder]) -> Callable[[], Encoder]:
    """Load no more than once, whichever threads ask."""
    lock, kept = Lock(), lru_cache(load)

    def load_once() -> Encoder:
        with lock:
            return kept()

    return load_once


def _state(path: Path) -> tuple[int, int] | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_size, state.st_mtime_ns


@lru_cache(maxsize=8)
def _hash(path: Path, state: tuple[int, int] | None) -> str | None:
    """Return the hash of a file of this size and time; None if it is not there: loading says what to do then."""
    from msm_mil_core.encoders.networks.encoder_network import hash_file

    return state and hash_file(path)


def _key(name: str, device: str, precision: Precision) -> str:
    kind = device.partition(":")[0]
    libraries = ", ".join(f"{library} {version(library)}" for library in ("napari-msm-mil", "torch", "timm"))
    return f"{name} in {precision} on {kind} of {platform.node()} with {libraries}"


def _remembered() -> dict[str, EncoderCard]:
    """Return the cards that were stored; what cannot be read is forgotten, and its encoders are loaded."""
    try:
        stored = json.loads(encoder_cards_file().read_text(encoding="utf-8"))
        return {key: EncoderCard(**card) for key, card in stored.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _remember(key: str, card: EncoderCard) -> None:
    try:
        with locked(encoder_cards_file(), "is being written", wait_s=WAIT_S):
            cards = _remembered() | {key: card}
            with whole_file(encoder_cards_file()) as part:
                part.write_text(json.dumps({key: asdict(each) for key, each in cards.items()}, indent=1), "utf-8")
    except OutputError as exc:
        logger.warning("%s The next run loads the encoder before it is needed.", exc)
