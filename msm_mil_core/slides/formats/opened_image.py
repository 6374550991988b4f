"""What is known of a slide once a library has opened it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from PIL import Image

from msm_mil_core.slides.readers.reader import Reference
from msm_mil_core.slides.readers.tiled_level import NotDirectError, TiledLevel

VENDOR, QUICK_HASH = "openslide.vendor", "openslide.quickhash-1"
"""Openslide's names of the format, and of the hash by which it knows a slide again."""


class Handle(Protocol):
    """What holds a slide open: openslide's own, or `LevelSizes`."""

    @property
    def dimensions(self) -> tuple[int, int]:
        """Width and height of level 0."""

    @property
    def level_dimensions(self) -> tuple[tuple[int, int], ...]:
        """Width and height of every level, finest first."""

    @property
    def associated_images(self) -> Mapping[str, Image.Image]:
        """Images beside the slide, by name."""


@dataclass(frozen=True, slots=True)
class LevelSizes:
    """The sizes of the levels of a slide that openslide does not open, and no images beside it."""

    level_dimensions: tuple[tuple[int, int], ...]
    associated_images: Mapping[str, Image.Image] = field(default_factory=dict)

    @property
    def dimensions(self) -> tuple[int, int]:
        """Width and height of level 0."""
        return self.level_dimensions[0]


def no_tiles() -> list[TiledLevel]:
    """Find no tiles that could be decoded directly.

    Raises
    ------
    NotDirectError
        Always.
    """
    raise NotDirectError("it has no tiles that can be decoded directly")


@dataclass(frozen=True, slots=True, eq=False)
class OpenedImage:
    """A slide that is open, or a decoded picture."""

    path: Path
    """What was to be opened: a file or a folder."""
    handle: Handle
    properties: Mapping[str, str]
    """What the file states, by openslide's names where it has some."""
    reader: Reference
    """Reads its pixels, if nothing faster does."""
    quick_hash: str
    """Tells it from other slides."""
    profile: bytes = b""
    """Its ICC profile; empty if it has none."""
    remark: str = ""
    """What of the file is not shown, to follow its name; empty if all of it is."""
    file: Path = Path()
    """The file that stands for it; the current folder where there is none."""
    place: str = ""
    """Where it is, if that is no path of this computer."""
    find_tiles: Callable[[], list[TiledLevel]] = no_tiles
    """Finds the tiles that can be decoded directly, or raises `NotDirectError`."""

    @property
    def vendor(self) -> str:
        """The format; empty if openslide does not name it."""
        return self.properties.get(VENDOR, "")
