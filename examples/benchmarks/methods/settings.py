"""Settings among which the presets were chosen, on validation bags alone."""

from itertools import product
from typing import Any

from examples.benchmarks.methods.catalogue import MsmVariant

_COMMON = {"mask_mode": "always", "lambda_s": 0.3, "masked_stages": 2, "fusion_activation": "tanh", "fusion_width": 2}
_MEAN = {"fusion": "mean", "stage_loss": "mean", "lambda_beta": 0.0}


def _attention(lambda_beta: float, stage_loss: str = "mean", width: int = 2) -> dict[str, Any]:
    return {"fusion": "attention", "lambda_beta": lambda_beta, "stage_loss": stage_loss, "fusion_width": width}


def _setting(lambda_c: float, claim_by: str, percent: float, fusion: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**_COMMON, "lambda_c": lambda_c, "claim_by": claim_by, "k_share": percent / 100} | fusion | more


def _screened() -> list[dict[str, Any]]:
    grid = product((0.1, 0.15, 0.2, 0.3), ("attention", "evidence"), (2, 5), (_MEAN, _attention(0.3)))
    weighed = product((0.1, 0.2), (0.1, 0.3, 1.0), ("mean", "beta"))
    light = product((0.0, 0.05), ("attention", "evidence"), (_MEAN, _attention(0.3), _attention(0.3, "beta")))
    return [
        *(_setting(lambda_c, by, percent, fusion) for lambda_c, by, percent, fusion in grid),
        *(_setting(lambda_c, "attention", 5, _attention(beta, loss)) for lambda_c, beta, loss in weighed),
        *(_setting(lambda_c, by, 5, fusion) for lambda_c, by, fusion in light),
        *(_setting(lambda_c, "attention", 5, _attention(0.3, width=16)) for lambda_c in (0.1, 0.2)),
        *(_setting(lambda_c, "attention", 5, _attention(0.3), claim_mass=0.2) for lambda_c in (0.1, 0.2)),
    ]


def _name(setting: dict[str, Any]) -> str:
    claims = "20 % of attention" if "claim_mass" in setting else f"K {100 * setting['k_share']:g} %"
    name = f"λc {setting['lambda_c']:g}, masks by {setting['claim_by']}, {claims}, fusion {setting['fusion']}"
    if setting["fusion"] == "mean":
        return name
    return f"{name}, λβ {setting['lambda_beta']:g}, stage loss {setting['stage_loss']}, {setting['fusion_width']} wide"


SETTINGS = {_name(setting): MsmVariant(setting) for setting in _screened()}
"""By a name that says all of it."""


def twin_of(name: str) -> str | None:
    """Return the name of the same setting with mean fusion; None if it is not among them."""
    changes = SETTINGS[name].changes
    twin = _name({**changes, **_MEAN})
    return twin if twin in SETTINGS and "claim_mass" not in changes else None
