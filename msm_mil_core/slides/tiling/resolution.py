"""Whether a slide is fine enough for tiles: pixels that the scanner did not take are made up by enlarging."""

from msm_mil_core.errors import SlideError

WARN_ABOVE = 1.5
"""A slide whose pixels are this many times as large as those of the tiles is used with a warning."""
REFUSE_ABOVE = 4.0
"""One with still larger pixels is refused: the model sees blurred tissue such as it was never shown."""


def resolution_warning(slide: str, slide_mpp: float | None, tiles_mpp: float | None) -> str:
    """Say that a slide is too coarse for tiles, with both pixel sizes; empty if it is not, or one is unknown."""
    ratio = _enlargement(slide_mpp, tiles_mpp)
    if not ratio > WARN_ABOVE:
        return ""
    return (
        f"{slide} is coarser than the tiles: {slide_mpp:.3g} µm per pixel, enlarged {ratio:.1f} times to "
        f"{tiles_mpp:.3g} µm. The model sees blurred tissue: check the slide's pixel size; do not rely on the answer."
    )


def check_resolution(slide: str, slide_mpp: float | None, tiles_mpp: float | None, *, allow_coarse: bool) -> None:
    """Refuse a slide that is far too coarse for tiles, unless that is allowed.

    Raises
    ------
    SlideError
        If its pixels are more than `REFUSE_ABOVE` times as large as those of the tiles.
    """
    ratio = _enlargement(slide_mpp, tiles_mpp)
    if ratio > REFUSE_ABOVE and not allow_coarse:
        raise SlideError(
            f"{slide} has {slide_mpp:.3g} µm per pixel, {ratio:.1f} times as coarse as the tiles' {tiles_mpp:.3g} µm. "
            "If the slide's pixel size is wrong, give the right one with --mpp (in the window, the pixel size); "
            "to run all the same, use --allow-coarse (in the window, Allow coarse slides under Advanced)."
        )


def _enlargement(slide_mpp: float | None, tiles_mpp: float | None) -> float:
    """Return how many times as large the slide's pixels are as those of the tiles; NaN if that is unknown."""
    return slide_mpp / tiles_mpp if slide_mpp and tiles_mpp else float("nan")
