"""How the tiles of all bags were made: what all of their files state alike, and what a user must say."""

from collections.abc import Sequence
from dataclasses import dataclass

from msm_mil_core.bags.encoder_names import identity_of
from msm_mil_core.bags.feature_table import FeatureTable

_SAME = 1.05
"""Ratio up to which micrometres per pixel are the same: the side of tiles on level 0 is rounded to whole pixels."""


@dataclass(frozen=True, slots=True)
class Origin:
    """How tiles were made, as far as it is known."""

    encoder: str | None = None
    """As `load_encoder` takes it."""
    encoder_sha256: str = ""
    """Of its weights; empty where it is not known."""
    side_px: int | None = None
    """Side of a tile as the encoder got it."""
    mpp: float | None = None
    """Micrometres per pixel of a tile."""


def common_origin(tables: Sequence[FeatureTable]) -> Origin:
    """Return what all files state alike; what one of them leaves open, or states otherwise, is not known of all."""
    first, hashes = tables[0], {table.encoder_sha256 for table in tables}
    sha256 = hashes.pop() if len(hashes) == 1 else ""
    one_encoder = bool(sha256) or len({table.encoder and identity_of(table.encoder) for table in tables}) == 1
    one_side = len({table.side_px for table in tables}) == 1
    mpps = [table.mpp for table in tables if table.mpp is not None]
    one_mpp = len(mpps) == len(tables) and same_scale(min(mpps), max(mpps))
    return Origin(
        encoder=first.encoder if one_encoder else None,
        encoder_sha256=sha256,
        side_px=first.side_px if one_side else None,
        mpp=first.mpp if one_mpp else None,
    )


def same_scale(mpp: float, other: float) -> bool:
    """Return whether micrometres per pixel differ by no more than rounding does."""
    return max(mpp, other) <= _SAME * min(mpp, other)
