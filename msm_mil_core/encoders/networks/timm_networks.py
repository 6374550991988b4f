"""Networks of timm: by name, from the Hugging Face hub, or with weights from a local file."""

import json
import pickle
import re
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

import timm
import torch
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]
from safetensors import SafetensorError
from timm.data.config import resolve_model_data_config
from timm.models import PretrainedCfg, load_state_dict

from msm_mil_core.encoders.networks.encoder_facts import EncoderFacts
from msm_mil_core.encoders.networks.encoder_network import Network, Normalisation, hash_file
from msm_mil_core.encoders.networks.hub import fetch_first
from msm_mil_core.errors import EncoderError

HUB = "hf-hub:"
_ELSEWHERE = re.compile(r"[:/\\]")
WEIGHTS_FILES = ("model.safetensors", "pytorch_model.bin")
UNKNOWN_LICENCE = "unknown: ask its makers"
_DAMAGED = (
    *(OSError, EOFError, ValueError, RuntimeError, pickle.UnpicklingError, SafetensorError),  # the file
    *(AttributeError, KeyError, TypeError),  # no state dict in it
)


def load_timm(name: str) -> Network:
    """Load a network of timm; `name` is what follows "timm:" in the encoder's name.

    Raises
    ------
    EncoderError
        If timm does not know the name, or the weights are missing, gated, out of reach, damaged or of another network.
    """
    if name.startswith(HUB):
        return _from_hub(name, name.removeprefix(HUB))
    architecture, _, file = name.partition("@")
    return _from_file(name, architecture, Path(file)) if file else _by_name(name)


def _from_hub(name: str, address: str) -> Network:
    repository, _, revision = _repository(address)
    config = _read_config(fetch_first(repository, ["config.json"], revision or None), repository)
    weights = fetch_first(repository, WEIGHTS_FILES, revision or None)
    pretrained = config.get("pretrained_cfg", config)  # older ones have one flat table
    known = {field.name: pretrained[field.name] for field in fields(PretrainedCfg) if field.name in pretrained}
    module = _build(config["architecture"], pretrained_cfg=known, **config.get("model_args", {}))
    return _network(name, _fill(module, weights), weights)


def _from_file(name: str, architecture: str, weights: Path) -> Network:
    if not weights.is_file():
        raise EncoderError(f"There is no file {weights}. Give it as timm:{architecture}@FILE.safetensors.")
    return _network(name, _fill(_build(architecture), weights), weights)


def _by_name(name: str) -> Network:
    module = _build(name)
    facts = _facts(module)
    repository = facts.get("hf_hub_id")
    if not repository:
        raise EncoderError(f"timm has no weights on the hub for {name!r}. Get a file, and use timm:{name}@FILE.")
    filename = facts.get("hf_hub_filename")
    weights = fetch_first(repository, [filename] if filename else WEIGHTS_FILES)
    return _network(name, _fill(module, weights), weights)


def facts_by_name(architecture: str) -> EncoderFacts:
    """Return what is known of a network of timm by its name, and where its weights are.

    Raises
    ------
    EncoderError
        If timm does not know the name.
    """
    module = _on_paper(architecture)
    facts = _facts(module)
    filename = facts.get("hf_hub_filename")
    repository = str(facts.get("hf_hub_id") or "")
    return _encoder_facts(module, repository, (filename,) if filename else WEIGHTS_FILES)


def facts_on_hub(address: str) -> EncoderFacts:
    """Return what is known of a network of timm in a repository of the hub; little, while its config is not here.

    Raises
    ------
    EncoderError
        If it is not a network of timm.
    """
    repository, _, revision = _repository(address)
    try:
        config = _read_config(fetch_first(repository, ["config.json"], revision or None), repository)
    except EncoderError as exc:
        if "not a model of timm" in str(exc):
            raise
        return EncoderFacts(None, None, UNKNOWN_LICENCE, repository, WEIGHTS_FILES)
    pretrained = config.get("pretrained_cfg", config)
    known = {field.name: pretrained[field.name] for field in fields(PretrainedCfg) if field.name in pretrained}
    module = _on_paper(config["architecture"], pretrained_cfg=known, **config.get("model_args", {}))
    return _encoder_facts(module, repository, WEIGHTS_FILES)


def _repository(address: str) -> tuple[str, str, str]:
    """Part OWNER/NAME@REVISION at its @; what no repository is called is refused before the hub is asked."""
    parts = address.partition("@")
    try:
        validate_repo_id(parts[0])
    except HFValidationError as exc:
        raise EncoderError(
            f"There is no encoder timm:{HUB}{address}: the Hugging Face hub has no {parts[0]}, as no repository can be "
            f"called that. Give it as timm:{HUB}OWNER/NAME."
        ) from exc
    return parts


def _on_paper(architecture: str, **options: Any) -> torch.nn.Module:
    """Build a network without memory for its weights."""
    with torch.device("meta"):
        return _build(architecture, **options)


def _encoder_facts(module: torch.nn.Module, repository: str, files: tuple[str, ...]) -> EncoderFacts:
    wanted = resolve_model_data_config(module)  # type: ignore[no-untyped-call]
    features = getattr(module, "num_features", None)
    licence = str(_facts(module).get("license") or UNKNOWN_LICENCE)
    return EncoderFacts(features, int(wanted["input_size"][-1]), licence, repository, files)


def _read_config(path: Path, repository: str) -> dict[str, Any]:
    config: dict[str, Any] = json.loads(path.read_text())
    if "architecture" not in config:
        raise EncoderError(f"{repository} is not a model of timm. If `msm-mil encoders` lists it, use zoo:KEY.")
    return config


def _build(architecture: str, **options: Any) -> torch.nn.Module:
    if _ELSEWHERE.search(architecture):  # timm would take it for an address, and fetch or read what is there
        raise EncoderError(
            f"timm {timm.__version__} cannot build {architecture!r}: it is no name of a network. A repository of the "
            "hub is named timm:hf-hub:OWNER/NAME, a file timm:NAME@FILE."
        )
    try:
        module: torch.nn.Module = timm.create_model(architecture, **options | {"pretrained": False, "num_classes": 0})
    except (RuntimeError, ValueError, TypeError) as exc:
        raise EncoderError(f"timm {timm.__version__} cannot build {architecture!r} ({exc}). Check the name.") from exc
    return module


def _fill(module: torch.nn.Module, weights: Path) -> torch.nn.Module:
    """Load the weights and check that none is missing: timm would leave the rest random."""
    try:
        state = load_state_dict(str(weights), weights_only=True)
        missing = _missing_after(module, state)
    except _DAMAGED as exc:
        first_line = str(exc).partition("\n")[0]
        raise EncoderError(
            f"{weights} is damaged, or holds the weights of another network ({first_line}). Get it again."
        ) from exc
    if missing:
        raise EncoderError(f"{weights} lacks {len(missing)} of the network's weights, such as {missing[0]}.")
    return module


def _missing_after(module: torch.nn.Module, state: Mapping[str, Any]) -> list[str]:
    if not set(module.state_dict()) <= set(state):
        translate = getattr(sys.modules[type(module).__module__], "checkpoint_filter_fn", None)
        state = translate(state, module) if translate else state
    missing: list[str] = module.load_state_dict(state, strict=False).missing_keys
    return missing


def _network(name: str, module: torch.nn.Module, weights: Path) -> Network:
    facts, wanted = _facts(module), resolve_model_data_config(module)  # type: ignore[no-untyped-call]
    grey = Normalisation(tuple(255 * mean for mean in wanted["mean"]), tuple(255 * std for std in wanted["std"]))
    return Network(
        name=f"timm:{name}",
        module=module,
        prepare=grey,
        compute=module,
        side_px=wanted["input_size"][-1],
        takes_any_side=not facts.get("fixed_input_size", False),
        licence=facts.get("license") or UNKNOWN_LICENCE,
        weights_sha256=hash_file(weights),
    )


def _facts(module: torch.nn.Module) -> dict[str, Any]:
    return cast("dict[str, Any]", module.pretrained_cfg)
