"""Several results of one slide, ready to be compared."""

from collections.abc import Sequence
from pathlib import Path

from msm_mil_core.errors import ResultError
from msm_mil_core.explain.models.model_view import ModelView, told_apart
from msm_mil_core.file_names import RESULT_SUFFIX
from msm_mil_core.results.slide_result import SlideResult


def require_same_slide(first: SlideResult, other: SlideResult, path: Path) -> None:
    """Refuse to compare results of two slides.

    Raises
    ------
    ResultError
        If the second, which was read from `path`, is not of the slide of the first.
    """
    one, two = first.slide, other.slide
    hashes = {one.quick_hash, two.quick_hash}
    same = len(hashes) == 1 if "" not in hashes else one.name == two.name
    if not same or one.size_px0 != two.size_px0:
        which = f"the slide {two.name}, not of {one.name}"
        if one.name == two.name:
            which = f"another file of the name {one.name}, of {two.size_px0[0]} x {two.size_px0[1]} pixels"
        raise ResultError(
            f"{path} is of {which}: only results of one slide can be compared tile by "
            "tile. Choose another result of this slide."
        )


def model_views(results: Sequence[SlideResult], paths: Sequence[Path]) -> tuple[ModelView, ...]:
    """Return what each result's model made of the slide, under names that differ."""
    files = [path.name.removesuffix(RESULT_SUFFIX) for path in paths]
    names = told_apart([result.model.name for result in results], files)
    return tuple(ModelView(name, result.prediction, result.tiles) for name, result in zip(names, results, strict=True))
