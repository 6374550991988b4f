"""How large the tiles of another program's file are, as far as the file states it."""

from dataclasses import dataclass

from msm_mil_core.bags.attributes import Attributes
from msm_mil_core.errors import FeatureFileError

LARGEST_PX = 2**20
"""Side of a tile; more is a mistake."""
LARGEST_UM = 10**6
MICROMETRES = {"um", "µm", "μm", "micron", "microns", "micrometer", "micrometers", "micrometre", "micrometres"}


@dataclass(frozen=True, slots=True)
class TileSize:
    """The side of tiles in the frames that programs use, each None where the file does not state it."""

    side_px: int | None = None
    """As the encoder got them."""
    side_px0: int | None = None
    """On level 0."""
    side_um: float | None = None
    """On the glass."""
    requested: bool = False
    """Whether that is what was asked for, which the tiles of a slide may miss by some per cent."""
    as_read: bool = False
    """Whether `side_px` is as tiles were read from the slide, as CLAM states it: its encoder may get them resized."""

    @property
    def mpp(self) -> float | None:
        """Micrometres per pixel of a tile as the encoder got it."""
        return None if self.side_um is None or self.side_px is None else self.side_um / self.side_px


def read_tile_size(attributes: Attributes) -> TileSize:
    """Read what TRIDENT, CLAM and STAMP state of their tiles; nothing is inferred from the steps between them.

    Raises
    ------
    FeatureFileError
        If a size is no number, out of bounds, or stated twice and differently.
    """
    side_px = attributes.pixels("patch_size", LARGEST_PX) or attributes.pixels("tile_size_px", LARGEST_PX)
    requested = attributes.number("requested_size") is not None
    as_read = attributes.number("patch_level") is not None
    return TileSize(side_px, _side_px0(attributes, side_px), _side_um(attributes), requested, as_read)


def in_micrometres(attributes: Attributes) -> bool:
    """Return whether a file gives lengths in micrometres, as STAMP's do."""
    unit = attributes.text("unit")
    return attributes.number("tile_size_um") is not None if unit is None else unit.lower() in MICROMETRES


def _side_px0(attributes: Attributes, side_px: int | None) -> int | None:
    stated, ratio = attributes.length("patch_size_level0", LARGEST_PX), _px0_per_px(attributes)
    derived = None if side_px is None or ratio is None else side_px * ratio
    if stated is not None and derived is not None and abs(stated - derived) > 1 + 0.01 * stated:
        raise FeatureFileError(
            f"{attributes.file} states its tiles' side on level 0 twice: patch_size_level0 is {stated:g}, "
            f"but patch_size and its level give {derived:g}. Encode it again."
        )
    side_px0 = derived if stated is None else stated
    return None if side_px0 is None else max(1, round(side_px0))


def _px0_per_px(attributes: Attributes) -> float | None:
    """Return how many level-0 pixels one of `patch_size` is: CLAM states the level, TRIDENT magnifications.

    CLAM's first versions and Fishing-Rod may have made tiles smaller once more, after reading them from that level.
    """
    downsample, level = attributes.length("downsample", LARGEST_PX), attributes.number("patch_level")
    if downsample is not None or level == 0:
        return (downsample or 1.0) * (attributes.length("custom_downsample", LARGEST_PX) or 1.0)
    fine, coarse = (attributes.length(f"{name}_magnification", 1000) for name in ("level0", "target"))
    return None if fine is None or coarse is None else fine / coarse


def _side_um(attributes: Attributes) -> float | None:
    side_um = attributes.length("tile_size_um", LARGEST_UM)
    if side_um is None and in_micrometres(attributes):
        return attributes.length("tile_size", LARGEST_UM)
    return side_um
