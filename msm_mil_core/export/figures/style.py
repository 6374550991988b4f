"""The sheet of small figures: as wide as the dock or the report, in its ink."""

import warnings
from dataclasses import dataclass
from io import BytesIO

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from msm_mil_core.export.figures.panels import INK

LETTER_PT, SMALL_PT = 8.5, 8
FAINT = 0.25
"""Opacity of axes and of the range of chance."""

Colour = tuple[str, float]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The size and colours of a small figure; letters have the same size in inches at any width."""

    width_px: int = 640
    dpi: float = 150
    ink: str = INK
    """"#RRGGBB" of letters and axes."""
    ground: str = "white"
    """"#RRGGBB", or "none" for a clear one."""

    @property
    def width_in(self) -> float:
        """Width in inches, by which to choose how much is written."""
        return self.width_px / self.dpi

    @property
    def faint(self) -> Colour:
        """Colour of axes and of the range of chance."""
        return self.ink, FAINT

    def figure(self, height_in: float) -> Figure:
        """Make an empty figure as wide as the sheet."""
        size_in = ((self.width_px + 0.01) / self.dpi, height_in)  # 0.01: a width must not be rounded down by a pixel
        return Figure(figsize=size_in, dpi=self.dpi, facecolor=self.ground, layout="constrained")

    def plain(self, axes: Axes) -> None:
        """Style axes: no box, little ink."""
        axes.set_facecolor("none")
        axes.tick_params(length=2, width=0.6, color=self.faint, labelcolor=self.ink, labelsize=SMALL_PT)
        for side, spine in axes.spines.items():
            spine.set(color=self.faint, linewidth=0.6, visible=side in ("left", "bottom"))


def as_png(figure: Figure, title: str) -> bytes:
    """Draw a figure to the bytes of a PNG file that says in its metadata what it is."""
    with BytesIO() as png, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a name in a script that the font lacks
        figure.savefig(png, format="png", metadata={"Title": title})
        return png.getvalue()
