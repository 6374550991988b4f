"""Where a running QuPath looks, in level-0 pixels of a slide."""

from dataclasses import dataclass
from math import isclose, isfinite
from typing import Any

from msm_mil_core.errors import QuPathError
from msm_mil_core.export.qupath.live.connection import qupath_answers
from msm_mil_core.export.qupath.live.open_image import frame_of, read_open_image
from msm_mil_core.slides.slide import SlideFacts

SAME_PX = 0.5
"""Views whose centres differ by less on the screen are the same."""
SAME_SHARE = 0.005
"""Nor does a smaller share of the magnification count."""


@dataclass(frozen=True, slots=True)
class View:
    """What a window shows of a slide."""

    centre_px0: tuple[float, float]
    """Level-0 pixels (x, y)."""
    px0_per_px: float
    """Level-0 pixels for each pixel of the screen: QuPath's downsample."""

    def shows_same(self, other: "View") -> bool:
        """Return whether nobody sees a difference."""
        apart_px0 = max(abs(a - b) for a, b in zip(self.centre_px0, other.centre_px0, strict=True))
        return apart_px0 <= SAME_PX * self.px0_per_px and isclose(self.px0_per_px, other.px0_per_px, rel_tol=SAME_SHARE)


def read_view(entry_point: Any, facts: SlideFacts) -> View:
    """Ask QuPath where it looks.

    Raises
    ------
    QuPathError
        If it shows another slide.
    """
    x, y = frame_of(read_open_image(entry_point), facts).origin_px0
    with qupath_answers():
        viewer = entry_point.getCurrentViewer()
        centre = float(viewer.getCenterPixelX()) + x, float(viewer.getCenterPixelY()) + y
        px0_per_px = float(viewer.getDownsampleFactor())
    if not all(map(isfinite, (*centre, px0_per_px))) or px0_per_px <= 0:
        raise QuPathError("QuPath's viewer shows no place of the slide. Click into it, and follow again.")
    return View(centre, px0_per_px)


def move_view(entry_point: Any, facts: SlideFacts, view: View) -> None:
    """Have QuPath look there.

    Raises
    ------
    QuPathError
        If it shows another slide.
    """
    x, y = frame_of(read_open_image(entry_point), facts).origin_px0
    with qupath_answers():
        viewer = entry_point.getCurrentViewer()
        viewer.setDownsampleFactor(view.px0_per_px)  # first: QuPath zooms about the mouse
        viewer.setCenterPixelLocation(view.centre_px0[0] - x, view.centre_px0[1] - y)
