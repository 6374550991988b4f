"""What presets set an option of the model to, in words for its help: worked out from the presets themselves."""

from collections.abc import Mapping
from functools import cache
from typing import get_args

from msm_mil_core.mil.model_options import Preset, preset

FEATURES = (384, 768, 1024, 1280, 1536)
"""Lengths of feature vectors for which presets are worked out; the third stands for all where they differ."""
CLASSES = (2, 3)
NOT_SET = "not set"
_FEATURES, _CLASSES = FEATURES[2], CLASSES[0]


def preset_values(option: str) -> str:
    """Return what each preset sets an option of the model to: "Presets: 0.3 (default, explain), 1 (paper)"."""
    presets_of: dict[str, list[str]] = {}
    for name in get_args(Preset):
        presets_of.setdefault(_value(option, name), []).append(name)
    if len(presets_of) == 1:
        return f"All presets: {next(iter(presets_of))}"
    return f"Presets: {'; '.join(_group(value, names) for value, names in presets_of.items())}"


def _group(value: str, names: list[str]) -> str:
    return f"{value} ({', '.join(names)})"


def _value(option: str, name: Preset) -> str:
    """Return the value in a preset, and on what it depends, if on anything."""
    usual = _shown(name, _FEATURES, _CLASSES)[option]
    by_length = {_shown(name, length, _CLASSES)[option] for length in FEATURES}
    by_classes = {_shown(name, _FEATURES, count)[option] for count in CLASSES}
    if len(by_length) > 1:
        usual += f" for {_FEATURES:,} features"
    if len(by_classes) > 1:
        usual += f", {_shown(name, _FEATURES, CLASSES[-1])[option]} with more than {_CLASSES} classes"
    return usual


@cache
def _shown(name: Preset, features: int, classes: int) -> Mapping[str, str]:
    options = preset(name, features, classes)
    shown = {option: _word(value) for option, value in options.model_dump().items()}
    return shown | ({"k": NOT_SET} if options.k_share is not None else {})  # it is not used then


def _word(value: object) -> str:
    if value is None:
        return NOT_SET
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
