"""Models as files of the first version describe them, in the terms of today."""

from collections.abc import Iterable, Mapping
from typing import Any

from msm_mil_core.mil.model_options import ModelOptions

CHECKPOINT = "msm-mil-checkpoint/1"
RESULT = "msm-mil-result/1"

_PRESSURE = "lambda_d"
"""It weighed the agreement between stages in the loss. It acted in training alone, so a model predicts as ever."""
_OWN_HEAD = ("stage_weight", "stage_bias")


def options_today(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return a model's options without those that are no more."""
    return {name: value for name, value in options.items() if name != _PRESSURE}


def is_first_card(written: object) -> bool:
    """Return whether this is the card of a checkpoint of the first version, as far as can be told before it is read."""
    parts = ("options", "record")
    return (
        isinstance(written, Mapping)
        and written.get("format") == CHECKPOINT
        and all(isinstance(written.get(part), Mapping) for part in parts)
    )


def card_today(card: Mapping[str, Any]) -> dict[str, Any]:
    """Return a checkpoint's card without options that are no more; what they were stays in its record."""
    options = card["options"]
    pressure = {_PRESSURE: options[_PRESSURE]} if options.get(_PRESSURE) else {}
    return {**card, "options": options_today(options), "record": pressure | card["record"]}


def weights_today(names: Iterable[str], options: ModelOptions) -> list[str]:
    """Return the names of weights that count: a single stage once had a head of its own beside the model's."""
    return [name for name in names if options.masked_stages or name not in _OWN_HEAD]
