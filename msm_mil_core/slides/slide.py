"""A whole-slide image, as openslide reads it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SlideFacts:
    """What identifies a slide and places it on the glass; lives on when the file is closed or gone."""

    name: str
    """File name without its folder."""
    path: str
    """Where the file was read."""
    size_px0: tuple[int, int]
    """Width and height of level 0."""
    mpp: float | None
    """Micrometres per level-0 pixel; None if neither the file nor the user tells."""
    mpp_origin: str
    """Where `mpp` comes from: an openslide property, "user", or "missing"."""
    origin_px0: tuple[int, int]
    """Where QuPath has its origin: openslide's bounds corner if the file has bounds, else (0, 0)."""
    extent_px0: tuple[int, int]
    """Width and height that QuPath shows: openslide's bounds size if the file has bounds, else `size_px0`."""
    quick_hash: str
    """Openslide's quickhash-1, or a hash of the file's size and its first and last MiB."""
