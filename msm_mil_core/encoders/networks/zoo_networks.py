"""Networks of the pathology zoo: encoders that lazyslide-models names, with its transforms."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol
from urllib.parse import urlsplit

import torch
from huggingface_hub import constants

from msm_mil_core.encoders.catalogue import EncoderListing
from msm_mil_core.encoders.networks.encoder_facts import EncoderFacts
from msm_mil_core.encoders.networks.encoder_network import Network
from msm_mil_core.encoders.networks.hub import check_access, how_to_ask, hub_errors, is_cached
from msm_mil_core.errors import EncoderError

USUAL_SIDE_PX = 224
WEIGHTS = ("model.safetensors", "pytorch_model.bin", "pytorch_model.pth", "open_clip_pytorch_model.bin", "config.json")
"""Files by which it is known that a repository of the zoo was downloaded."""


class ZooModel(Protocol):
    """What we use of a model of lazyslide-models."""

    def to(self, device: torch.device, /) -> object:
        """Move to the device."""
        ...

    def get_transform(self) -> Callable[[torch.Tensor], torch.Tensor] | None:
        """Return what goes before the network; None if `encode_image` prepares the pixels itself."""
        ...

    def encode_image(self, image: torch.Tensor, /) -> torch.Tensor:
        """Encode prepared tiles."""
        ...


def load_zoo(key: str) -> Network:
    """Load an encoder of lazyslide-models by its key.

    Raises
    ------
    EncoderError
        If lazyslide-models is not installed, does not know the key, or cannot load the weights.
    """
    kind = _image_encoder(key)
    model = _make(key, kind)
    transform = model.get_transform()
    return Network(
        name=f"zoo:{key}",
        module=model,
        prepare=transform or _unprepared,
        compute=model.encode_image,
        side_px=_side_px(kind, transform),
        takes_any_side=True,
        licence=_licence(kind),
        weights_sha256=_hash_weights(model),
    )


def list_zoo() -> tuple[EncoderListing, ...]:
    """List the encoders of lazyslide-models."""
    return tuple(
        EncoderListing(
            name=f"zoo:{key}",
            features=str(getattr(kind, "encode_dim", None) or ""),
            side=str(_smallest_side_px(kind) or ""),
            mpp="",
            licence=_licence(kind),
            state=_state(key, kind),
        )
        for key, kind in sorted(_image_encoders().items())
    )


def zoo_facts(key: str) -> EncoderFacts:
    """Return what lazyslide-models says of an encoder, and where its weights are.

    Raises
    ------
    EncoderError
        If lazyslide-models is not installed, or does not know the key.
    """
    kind = _image_encoder(key)
    dim = getattr(kind, "encode_dim", None)
    repository = _repository(key, kind)
    return EncoderFacts(
        features=dim,
        side_px=_smallest_side_px(kind),
        licence=_licence(kind),
        repository=repository if "/" in repository else "",
        files=WEIGHTS,
        how_to_ask=how_to_ask(repository) if getattr(kind, "is_gated", False) else "",
    )


def _state(key: str, kind: type[ZooModel]) -> str:
    if not getattr(kind, "is_gated", False):
        return "downloads weights once"
    return f"gated: ask for access at {constants.ENDPOINT}/{_repository(key, kind)}"


def _repository(key: str, kind: type[ZooModel]) -> str:
    """Return OWNER/NAME on the hub, or the key where the zoo does not state it."""
    address = str(getattr(kind, "hf_url", None) or key)
    return urlsplit(address).path.strip("/") if "://" in address else address


def _image_encoder(key: str) -> type[ZooModel]:
    kind = _image_encoders().get(key)
    if kind is None:
        raise EncoderError(f"lazyslide-models has no tile encoder {key!r}; `msm-mil encoders` lists what it has.")
    return kind


def _image_encoders() -> Mapping[str, type[ZooModel]]:
    try:
        from lazyslide_models import MODEL_REGISTRY
    except ImportError as exc:
        raise EncoderError("The encoders of the zoo need lazyslide-models: pip install napari-msm-mil[zoo]") from exc
    return {key: kind for key, kind in MODEL_REGISTRY.items() if hasattr(kind, "encode_image")}


def _make(key: str, kind: type[ZooModel]) -> ZooModel:
    repository = _repository(key, kind)
    if "/" in repository and not is_cached(repository):
        check_access(repository)
    try:
        with hub_errors(repository):
            return kind()
    except (ImportError, RuntimeError, ValueError, TypeError, KeyError) as exc:
        hint = f" Its weights are gated. {how_to_ask(repository)}" if getattr(kind, "is_gated", False) else ""
        raise EncoderError(f"lazyslide-models cannot load {key!r}: {exc}.{hint}") from exc


def _unprepared(tiles: torch.Tensor) -> torch.Tensor:
    return tiles.cpu()  # the model's own processor takes it from here, and wants it there


def _side_px(kind: type[ZooModel], transform: object) -> int:
    """Return the side to which a transform resizes first, so that it need not: what it crops then, its makers crop."""
    sizes = [step.size for step in getattr(transform, "transforms", ()) if hasattr(step, "size")]
    if sizes:
        return int(sizes[0][0]) if isinstance(sizes[0], Sequence) else int(sizes[0])
    return _smallest_side_px(kind) or USUAL_SIDE_PX


def _smallest_side_px(kind: type[ZooModel]) -> int | None:
    constraint = getattr(kind, "input_constraint", None)
    return constraint.min if constraint else None


def _licence(kind: type[ZooModel]) -> str:
    licence = getattr(kind, "license", None) or "unknown: ask its makers"
    return licence if isinstance(licence, str) else " and ".join(licence)


def _hash_weights(model: ZooModel) -> str:
    """Return the SHA-256 of all weights: the zoo does not state from which files they come."""
    digest = hashlib.sha256()
    modules = {name: part for name, part in vars(model).items() if isinstance(part, torch.nn.Module)}
    for _, part in sorted(modules.items()):
        for name, weights in part.state_dict().items():
            if isinstance(weights, torch.Tensor):
                digest.update(f"{name} {weights.dtype} {tuple(weights.shape)}".encode())
                digest.update(weights.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
