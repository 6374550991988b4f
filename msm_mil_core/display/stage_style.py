"""How a mask stage is named and coloured, everywhere the same: on screen, in figures and in QuPath."""

from collections.abc import Sequence

from cmap import Colormap

from msm_mil_core.mil.map_names import map_name

STAGE_COLOURS = (
    "#0072B2",  # blue
    "#E69F00",  # orange
    "#009E73",  # bluish green
    "#882255",  # wine
    "#5E6900",  # olive
    "#2C00BA",  # indigo
    "#9E9FFF",  # lavender
    "#5C0000",  # maroon
)
"""Three hues of Okabe and Ito (2008), and five searched for so that all eight differ, each from each.

For full colour vision, protans, deutans and tritans; as pure colours and as deep ends of ramps. Red-green deficiency
leaves two hues, so they differ in lightness as well.
"""

RAMP_POINTS = 9
PALEST = 0.6
"""How much of the way to white the low end of a ramp lies."""
DARKEST_LUMINANCE = 0.3
"""Lighter hues are darkened to this relative luminance at the high end, to be seen on white and on pale tissue."""
MOST_OPAQUE = 0.92

Rgba = tuple[float, float, float, float]


def stage_name(index: int, classes: Sequence[str] = ()) -> str:
    """Return the name of a stage as people read it, counted from 1; of classes whose own the maps are, the class's."""
    return map_name(index, classes)


def stage_colour(index: int) -> str:
    """Return the colour of a stage as "#RRGGBB"; after the eighth stage the colours begin again."""
    return STAGE_COLOURS[index % len(STAGE_COLOURS)]


def stage_rgb(index: int) -> tuple[int, int, int]:
    """Return the colour of a stage as red, green and blue, 0 to 255."""
    red, green, blue = bytes.fromhex(stage_colour(index)[1:])
    return red, green, blue


def stage_ramp(index: int) -> tuple[Rgba, ...]:
    """Return the colour ramp of a stage as equally spaced RGBA control points from 0 to 1.

    Low values are transparent and pale, so that the tissue below is seen; high values are opaque and saturated.
    Lightness falls and opacity rises all the way, so that the order of values survives in grey and under
    colour-vision deficiency. napari's `Colormap` and matplotlib's `LinearSegmentedColormap.from_list` take it as it is.
    """
    deep = _deep(stage_rgb(index))
    return tuple(_ramp_point(deep, step / (RAMP_POINTS - 1)) for step in range(RAMP_POINTS))


def solo_ramp() -> tuple[Rgba, ...]:
    """Return the colour ramp of a stage that is shown alone: two hues let the eye distinguish more levels.

    It is cividis (Nuñez et al. 2018, made for colour-vision deficiency) from light yellow to dark blue, so that, as in
    `stage_ramp`, lightness falls and opacity rises all the way.
    """
    cividis = Colormap("cividis")
    points = [step / (RAMP_POINTS - 1) for step in range(RAMP_POINTS)]
    return tuple((*cividis(1 - value).rgba[:3], MOST_OPAQUE * value**0.7) for value in points)


def _deep(rgb: tuple[int, int, int]) -> tuple[float, ...]:
    linear = [(channel / 255) ** 2.2 for channel in rgb]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    shade = min(1.0, DARKEST_LUMINANCE / luminance)
    return tuple((channel * shade) ** (1 / 2.2) for channel in linear)


def _ramp_point(deep: tuple[float, ...], value: float) -> Rgba:
    white = PALEST * (1 - value)
    red, green, blue = (channel + (1 - channel) * white for channel in deep)
    return red, green, blue, MOST_OPAQUE * value**0.7
