"""Finds the slide of a result again: where it was, or beside the result."""

from collections.abc import Iterator
from pathlib import Path

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.slide import Slide, SlideFacts, open_slide


def find_slide(facts: SlideFacts, near: Path) -> Slide | None:
    """Open the slide with these facts, as `require_slide` does; None if it is not found."""
    try:
        return require_slide(facts, near)
    except SlideError:
        return None


def require_slide(facts: SlideFacts, near: Path) -> Slide:
    """Open the slide with these facts from where it was recorded, or from beside another file.

    Searched are the recorded path, the folder of `near`, and the recorded path taken relative to that folder; the
    first slide with the same quick hash counts. Micrometres per pixel that a user typed hold again.

    Parameters
    ----------
    facts
        What a result recorded of its slide.
    near
        The result's file, or any other file beside which the slide may lie; it need not exist.

    Raises
    ------
    SlideError
        If there is no such file, it cannot be opened, or it is another slide; the message says which.
    """
    refused: list[SlideError] = []
    for place in _places(facts, near):
        try:
            return open_same_slide(place, facts)
        except SlideError as exc:
            refused.append(exc)
    if refused:
        raise refused[0]
    raise SlideError(f"{facts.name} is not at {facts.path} any more. Open it from where it is now.")


def open_same_slide(path: Path, facts: SlideFacts) -> Slide:
    """Open a file that should be the slide with these facts; micrometres per pixel that a user typed hold again.

    Raises
    ------
    SlideError
        If it cannot be opened, or is another slide.
    """
    slide = open_slide(path, facts.mpp if facts.mpp_origin == "user" else None)
    if slide.facts.quick_hash != facts.quick_hash:
        slide.close()
        raise SlideError(
            f"{path} is not the slide that was analysed ({facts.name}): its content differs. Choose the right file."
        )
    return slide


def _places(facts: SlideFacts, near: Path) -> Iterator[Path]:
    recorded = [Path(facts.path), near.parent / facts.path] if facts.path else []  # other writers may leave it out
    places = [*recorded[:1], near.with_name(facts.name), *recorded[1:]]
    return (place for place in dict.fromkeys(places) if place.exists())
