"""Colour ramps of maps that are not one stage's attention: signed values, amounts, and which stage."""

from msm_mil_core.display.stage_style import Rgba, stage_rgb

NEGATIVE, POSITIVE = (0.0, 0.27, 0.55), (0.72, 0.25, 0.0)
"""Blue and vermillion: apart for protans, deutans and tritans, and equally dark."""
PALE, DARK = (0.80, 0.62, 0.78), (0.20, 0.05, 0.30)
"""The ends of amounts: purple, which is no stage's first hue."""
STEPS = 8
MOST_OPAQUE = 0.92


def signed_ramp() -> tuple[Rgba, ...]:
    """Return control points for values centred on zero: clear at zero, deeper the further from it on either side."""
    below = [_towards(NEGATIVE, step / STEPS) for step in range(STEPS, 0, -1)]
    above = [_towards(POSITIVE, step / STEPS) for step in range(STEPS + 1)]
    return (*below, *above)


def amount_ramp() -> tuple[Rgba, ...]:
    """Return control points for values from nothing (clear and pale) to much (opaque and dark)."""
    return tuple(_amount(step / STEPS) for step in range(STEPS + 1))


def stage_steps(stages: int) -> tuple[Rgba, ...]:
    """Return one colour for each of the stages, for maps of which stage a tile belongs to."""
    colours = (stage_rgb(index) for index in range(stages))
    return tuple((red / 255, green / 255, blue / 255, MOST_OPAQUE) for red, green, blue in colours)


def _towards(deep: tuple[float, float, float], share: float) -> Rgba:
    red, green, blue = (1 - (1 - channel) * (0.4 + 0.6 * share) for channel in deep)
    return red, green, blue, MOST_OPAQUE * share**0.7


def _amount(share: float) -> Rgba:
    red, green, blue = (pale + (dark - pale) * share for pale, dark in zip(PALE, DARK, strict=True))
    return red, green, blue, MOST_OPAQUE * share**0.7
