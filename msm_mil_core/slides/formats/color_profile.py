"""The colours of a scanner, as its ICC profile describes them, and how they become those of a screen (sRGB)."""

from collections.abc import Callable
from functools import lru_cache
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from msm_mil_core.slides.decoded_tiles import Pixels
from msm_mil_core.slides.formats.color_choice import ColorChoice

AS_STORED: ColorChoice = "as-stored"
SRGB: ColorChoice = "srgb"
UNREADABLE, UNNAMED = "unreadable", "unnamed"
SAME_WITHIN = 2
"""Grey levels by which colours may differ that count as the same: profiles of sRGB differ by so much."""
_SAMPLE = np.stack(np.meshgrid(*[np.arange(0, 256, 17)] * 3), axis=-1).reshape(64, 64, 3).astype(np.uint8)
"""Colours of all kinds, evenly spaced."""
_SPACE_AT, _RGB = slice(16, 20), b"RGB "
"""Where a profile says of which colours it is."""


def profile_name(profile: bytes) -> str:
    """Return what an ICC profile calls itself, "unreadable" if it is damaged or not of RGB; empty without one."""
    if not profile:
        return ""
    opened = _opened(profile)
    if opened is None:
        return UNREADABLE
    try:
        return ImageCms.getProfileDescription(opened).strip() or UNNAMED
    except ImageCms.PyCMSError:
        return UNNAMED


def changes_colors(profile: bytes) -> bool:
    """Return whether pixels with this profile look otherwise in sRGB: not where it is sRGB itself, or unreadable."""
    if not profile or profile_name(profile).lower().startswith("srgb"):
        return False
    return _changes_any(profile)


@lru_cache(maxsize=8)
def _changes_any(profile: bytes) -> bool:
    try:
        seen = to_srgb(profile)(_SAMPLE)
    except (ValueError, ImageCms.PyCMSError):
        return False
    return bool(np.abs(seen.astype(int) - _SAMPLE).max() > SAME_WITHIN)


@lru_cache(maxsize=8)
def to_srgb(profile: bytes) -> Callable[[Pixels], Pixels]:
    """Return what converts pixels (height, width, 3) with this profile to sRGB; it is made once, for any threads."""
    opened = _opened(profile)
    if opened is None:
        raise ValueError("the profile cannot be read")
    transform = ImageCms.buildTransform(
        opened,
        ImageCms.createProfile("sRGB"),
        "RGB",
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION | ImageCms.Flags.NOCACHE,  # its cache is for one thread alone
    )

    def convert(pixels: Pixels) -> Pixels:
        return np.array(ImageCms.applyTransform(Image.fromarray(pixels), transform))

    return convert


def _opened(profile: bytes) -> ImageCms.ImageCmsProfile | None:
    if profile[_SPACE_AT] != _RGB:
        return None
    try:
        return ImageCms.ImageCmsProfile(BytesIO(profile))
    except (ImageCms.PyCMSError, OSError):
        return None
