"""Several results of one slide, ready to be compared."""

from collections.abc import Sequence
from pathlib import Path, PurePath

from msm_mil_core.errors import ResultError
from msm_mil_core.explain.models.model_view import ModelView, told_apart
from msm_mil_core.file_names import RESULT_SUFFIX
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.slide import SlideFacts


def require_same_slide(first: SlideResult, other: SlideResult, path: Path) -> None:
    """Refuse to compare results of two slides.

    A result of features alone is of a slide if that has its name, with or without a suffix, and its size.

    Raises
    ------
    ResultError
        If the second, which was read from `path`, is not of the slide of the first.
    """
    one, two = first.slide, other.slide
    if one.size_px0 != two.size_px0 or not _one_name(one, two):
        which = f"the slide {_called(two)}, not of {_called(one)}"
        if one.has_slide and two.has_slide and one.name == two.name:
            which = f"another file of the name {one.name}, of {two.size_px0[0]} x {two.size_px0[1]} pixels"
        raise ResultError(
            f"{path} is of {which}: only results of one slide can be compared tile by tile. Choose another result of "
            "this slide."
        )


def known_by_name(first: SlideResult, other: SlideResult) -> str:
    """Say that only names and sizes tell that two results are of one slide; empty if more does."""
    one, two = first.slide, other.slide
    if (one.has_slide and two.has_slide) or one.quick_hash == two.quick_hash:
        return ""
    blank = one if not one.has_slide else two
    return f"{blank.name} was run without its slide: it is taken for the same by its name and size."


def model_views(results: Sequence[SlideResult], paths: Sequence[Path]) -> tuple[ModelView, ...]:
    """Return what each result's model made of the slide, under names that differ."""
    files = [path.name.removesuffix(RESULT_SUFFIX) for path in paths]
    names = told_apart([result.model.name for result in results], files)
    return tuple(ModelView(name, result.prediction, result.tiles) for name, result in zip(names, results, strict=True))


def _one_name(one: SlideFacts, two: SlideFacts) -> bool:
    hashes = {one.quick_hash, two.quick_hash}
    if one.has_slide and two.has_slide:
        return len(hashes) == 1 if "" not in hashes else one.name == two.name
    names = [{facts.name, PurePath(facts.name).stem} if facts.has_slide else {facts.name} for facts in (one, two)]
    return len(hashes) == 1 or bool(names[0] & names[1])


def _called(facts: SlideFacts) -> str:
    width, height = facts.size_px0
    return facts.name if facts.has_slide else f"{facts.name} ({width} x {height} pixels, run without it)"
