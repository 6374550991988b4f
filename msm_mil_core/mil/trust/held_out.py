"""How good a model was on bags that it was not trained on, as far as its record says."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, nan, sqrt

CHANCE_AUC = 0.5
Z_95 = 1.96
"""Standard errors on either side of a share in which 95 % of its estimates lie."""
LARGEST = 1e12
"""No figure of an evaluation is larger."""
UNKNOWN_ERROR = 0.1
"""How far probabilities count as off where nothing is recorded of them: no small gap is believed, nor all doubted."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What is recorded of a model's evaluation; NaN and 0 stand for what is not."""

    demonstration: bool = False
    """Whether the record says that the model is a demonstration."""
    bags: int = 0
    patients: int = 0
    auc: float = nan
    auc_low: float = nan
    """Lower end of the 95 % interval."""
    auc_high: float = nan
    ece_high: float = nan
    """Upper end of the 95 % interval of the expected calibration error."""

    @property
    def near_chance(self) -> bool:
        """Whether the AUC cannot be told from that of guessing."""
        return self.auc_low <= CHANCE_AUC

    @property
    def error(self) -> float:
        """How far a probability of the model may be off, 0 to 1.

        The upper end of the 95 % interval of its expected calibration error. Where that is not recorded, as far as a
        share of one half that is seen in so many patients (bags, where they are not counted) may be off, 95 % of the
        time: calibration cannot be known better than that. Where neither is, `UNKNOWN_ERROR`.
        """
        if isfinite(self.ece_high):
            return self.ece_high
        seen = self.patients or self.bags
        return Z_95 * sqrt(0.25 / seen) if seen else UNKNOWN_ERROR

    def __str__(self) -> str:
        if not isfinite(self.auc):
            return "No evaluation on held-out bags is recorded."
        interval = f"95 % interval {self.auc_low:.2f} to {self.auc_high:.2f}; " if isfinite(self.auc_low) else ""
        return f"AUC {self.auc:.2f} ({interval}0.5 is guessing) on {self._counted()}."

    def _counted(self) -> str:
        bags = f"{self.bags:,} held-out bags" if self.bags else "held-out bags"
        return f"{bags} of {self.patients:,} patients" if self.patients else bags


def held_out_of(record: Mapping[str, object]) -> HeldOut:
    """Read what a model's record says of its evaluation: of the test part, or else of the validation part.

    A record may come from anyone: what is not as `msm-mil train` writes it counts as not recorded.
    """
    record = _mapping(record)
    figures = _mapping(record.get("figures"))
    part = next((name for name in ("test", "val") if _number(_mapping(figures.get(name)).get("auc")) >= 0), "")
    its, split = _mapping(figures.get(part)), _mapping(_mapping(record.get("split")).get(part))
    return HeldOut(
        demonstration=_is_demonstration(record),
        bags=_count(its.get("bags")),
        patients=_count(split.get("patients")),
        **{name: _share(its.get(name)) for name in ("auc", "auc_low", "auc_high", "ece_high")},
    )


def _is_demonstration(record: Mapping[str, object]) -> bool:
    """Take the record's word; records without one say it among their limits."""
    said = record.get("demonstration")
    return said if isinstance(said, bool) else bool(re.search(r"\bdemonstration\b", str(record.get("limits", ""))))


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < LARGEST:
        return nan
    return float(value)


def _share(value: object) -> float:
    return _number(value) if 0 <= _number(value) <= 1 else nan


def _count(value: object) -> int:
    return int(_number(value)) if _number(value) >= 0 else 0
