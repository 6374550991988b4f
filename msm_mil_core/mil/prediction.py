"""What MSM-MIL predicts for a bag, and what each of its mask stages attended to."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.mil.map_names import MapOwner, map_name


@dataclass(frozen=True, slots=True, eq=False)
class TileEvidence:
    """What each of N tiles adds to each of C logits through a stage; multiplied when it is asked for."""

    attention: NDArray[np.float32]
    """(N,), NaN for tiles that the stage was not shown."""
    beta: float
    """Weight of the stage."""
    tile_logits: NDArray[np.float32]
    """(N, C), what a tile would add to each logit if all attention were on it."""

    @classmethod
    def stored(cls, evidence: NDArray[np.float32]) -> "TileEvidence":
        """Return evidence (N, C) that was multiplied already, as files hold it."""
        return cls(np.ones(len(evidence), np.float32), 1.0, evidence)

    def array(self) -> NDArray[np.float32]:
        """Return the evidence (N, C), 0 for tiles that the stage was not shown."""
        weights = np.nan_to_num(self.attention) * np.float32(self.beta)
        evidence: NDArray[np.float32] = weights[:, None] * self.tile_logits
        return evidence


@dataclass(frozen=True, slots=True, eq=False)
class StageAttention:
    """One mask stage: where it attends, what it claims, what it predicts."""

    attention: NDArray[np.float32]
    """(N,), NaN for tiles that the stage was not shown; sums to 1 over the rest."""
    claimed: NDArray[np.bool_]
    """(N,), the tiles that the stage claims; no tile is claimed by two stages."""
    beta: float
    """Weight of the stage in the prediction."""
    logits: NDArray[np.float32]
    """(C,), the stage's own head."""
    tile_evidence: TileEvidence | None
    """None for models with a refinement block."""

    def __repr__(self) -> str:
        return f"<StageAttention: weight {self.beta:.2f}, claims {self.claimed.sum()} of {len(self.claimed)} tiles>"

    @property
    def evidence(self) -> NDArray[np.float32] | None:
        """(N, C), what each tile adds to each logit through this stage; None for models with a refinement block."""
        return None if self.tile_evidence is None else self.tile_evidence.array()

    @property
    def effective_tiles(self) -> float:
        """Effective number of tiles: exp of the attention's entropy, 1 to N; 0 for a stage that was shown nothing."""
        shown = self.attention[np.isfinite(self.attention) & (self.attention > 0)].astype(np.float64)
        return float(np.exp(-(shown * np.log(shown)).sum())) if len(shown) else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """Class probabilities of a bag, and its stages in their order."""

    classes: tuple[str, ...]
    logits: NDArray[np.float32]
    """(C,)."""
    probabilities: NDArray[np.float32]
    """(C,), softmax of `logits`."""
    stages: tuple[StageAttention, ...]
    masks_applied: bool
    """Whether a stage was hidden what earlier stages had claimed."""
    bias: NDArray[np.float32] | None
    """(C,); `bias` plus the sum of all stages' evidence is `logits`. None where there is no evidence."""
    negative: str = ""
    """The class that means that nothing was found; empty if the model names none."""
    maps: MapOwner = "stages"
    """Whose the attention maps are: the stages', or the classes', one each in their order."""

    def __repr__(self) -> str:
        pairs = zip(self.classes, self.probabilities, strict=True)
        chances = [f"P({name}) = {probability:.3f}" for name, probability in pairs]
        shown = ", ".join(chances) if len(chances) < 5 else f"{chances[int(np.argmax(self.probabilities))]}, …"
        return f"<Prediction {shown}; {len(self.stages)} stages>"

    @property
    def map_classes(self) -> tuple[str, ...]:
        """The classes whose own the attention maps are, to name them by; empty where they are those of stages."""
        return self.classes if self.maps == "classes" else ()

    @property
    def map_names(self) -> tuple[str, ...]:
        """What people call the maps, in their order: "Stage 1", or "Map of tumour" where each class has its own."""
        return tuple(map_name(index, self.map_classes) for index in range(len(self.stages)))

    @property
    def winner(self) -> str:
        """The most probable class."""
        return self.classes[int(np.argmax(self.probabilities))]


def check_index(what: str, index: int, count: int) -> None:
    """Raise a ValueError if there is no stage or class of this number."""
    if not 0 <= index < count:
        raise ValueError(f"there is no {what} {index}: they are counted from 0 to {count - 1}")
