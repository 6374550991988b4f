"""What a model is, in words: five lines for people, and everything that is recorded of it."""

import re
from collections.abc import Mapping, Sequence

from msm_mil_core.mil.model_file.checkpoint import Checkpoint
from msm_mil_core.mil.trust.held_out import held_out_of

LONGEST = 160
"""Letters of a sentence in the short card; the full card has the rest."""


def short_card(checkpoint: Checkpoint) -> tuple[str, ...]:
    """Return five lines: what the model says, what it learnt from, how good it was, its limits, what it needs."""
    data, limits = (_first_sentence(checkpoint.record.get(name)) for name in ("data", "limits"))
    return (
        f"Says: {_either(checkpoint.classes)}.",
        f"Trained on: {data or 'not recorded.'}",
        f"Held out: {held_out_of(checkpoint.record)}",
        f"Limits: {limits or 'not recorded.'}",
        f"Needs: {checkpoint.encoder}, tiles of {checkpoint.side_px} px at {checkpoint.mpp:.3g} µm per pixel.",
    )


def full_card(checkpoint: Checkpoint) -> tuple[str, ...]:
    """Return everything that is known of a model, one line a fact; what is nested is named by its path."""
    facts = {
        "name": checkpoint.name,
        "file": str(checkpoint.path or "not saved"),
        "classes": ", ".join(checkpoint.classes),
        "stages": f"{checkpoint.options.stages} (preset {checkpoint.options.preset})",
        "encoder": checkpoint.encoder,
        "tiles": f"{checkpoint.side_px} px at {checkpoint.mpp:g} µm per pixel",
        "SHA-256": checkpoint.sha256 or "not saved",
    }
    record = {key: value for key, value in checkpoint.record.items() if key not in facts}
    return tuple(f"{key[:1].upper()}{key[1:]}: {_words(value)}" for key, value in (facts | record).items())


def _either(classes: Sequence[str]) -> str:
    """Say which answers there are: "a, b or c"."""
    *others, last = classes
    return f"{', '.join(others)} or {last}" if others else last


def _first_sentence(value: object) -> str:
    text = " ".join(str(value or "").split())
    sentence = re.split(r"(?<=[.!?]) ", text, maxsplit=1)[0]
    return sentence if len(sentence) <= LONGEST else f"{sentence[: LONGEST - 1]}…"


def _words(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{_label(key)} {_group(each)}" for key, each in value.items() if each is not None)
    if isinstance(value, list | tuple):
        return ", ".join(map(_group, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "not set"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _group(value: object) -> str:
    return f"({_words(value)})" if isinstance(value, Mapping | list | tuple) else _words(value)


def _label(key: object) -> str:
    return str(key).replace("_", " ")
