"""What a user says of the tiles of all files that are checked."""

from pydantic import Field

from msm_mil_core.options import Options


class CheckOptions(Options):
    """What a user says of the tiles of all files, as for train."""

    encoder: str | None = Field(default=None, min_length=1)
    """The encoder that made all features, where files call it by different names or do not name it."""
    side_px: int | None = Field(default=None, ge=1)
    """Side of the tiles as the encoder got them, for files that do not name it."""
    mpp: float | None = Field(default=None, gt=0)
    """Micrometres per pixel of the tiles, for files that do not name it."""
