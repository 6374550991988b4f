"""Finds the slide of a result again: where it was, or beside the result; nowhere else, whatever the result says."""

import re
import stat
from collections.abc import Iterator
from pathlib import Path, PurePath, PureWindowsPath

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.blank_slide import blank_slide
from msm_mil_core.slides.slide import Slide, SlideFacts, open_slide


def find_slide(facts: SlideFacts, near: Path) -> Slide | None:
    """Open the slide with these facts, as `require_slide` does; None if it is not found."""
    try:
        return require_slide(facts, near)
    except SlideError:
        return None


def require_slide(facts: SlideFacts, near: Path) -> Slide:
    """Open the slide with these facts from where it was recorded, or from beside another file; a blank one if none is.

    Searched are the recorded path, the folder of `near`, and a recorded path that leads down from that folder; the
    first slide with the same quick hash counts. Micrometres per pixel that a user typed hold again. What a result
    records is a hint from whoever wrote it: a path to another computer, out of the folder, or to a pipe or a device is
    not opened.

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
    if not facts.has_slide:
        return blank_slide(facts)
    refused: list[SlideError] = []
    for place in _places(facts, near):
        try:
            return open_same_slide(place, facts)
        except SlideError as exc:
            refused.append(exc)
    if refused:
        raise refused[0]
    raise SlideError(
        f"{facts.name} is not at {facts.path} any more, or that place is not opened unasked. "
        "Open it from where it is now."
    )


def recorded_place(facts: SlideFacts) -> Path | None:
    """Return where a slide was; None if that is unknown, relative, or names another computer."""
    path = Path(facts.path)
    return path if path.is_absolute() and not _leads_to_network(facts.path) else None


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
    recorded, beside, below = recorded_place(facts), _beside(facts.name, near), _below(facts.path, near)
    places = [place for place in (recorded, beside, below) if place is not None]
    return (place for place in dict.fromkeys(places) if _is_file_or_folder(place))


def _beside(name: str, near: Path) -> Path | None:
    plain = name not in ("", ".", "..") and not set(name) & set("/\\") and PurePath(name).name == name
    return near.parent / name if plain else None


def _below(path: str, near: Path) -> Path | None:
    """Return a relative path taken from the folder of `near`; None for one that leads out of it."""
    windows = PureWindowsPath(path)  # separates names at / and at \
    leads_out = ".." in windows.parts or windows.anchor or _leads_to_network(path)
    return near.parent / path if path and not leads_out else None


def _leads_to_network(path: str) -> bool:
    r"""Return whether a path names another computer: //host/share, \\\\host\\share, scheme://host."""
    return re.match(r"[\\/]{2}|[a-z][a-z0-9+.-]+:[\\/]{1,2}", path, re.IGNORECASE) is not None


def _is_file_or_folder(place: Path) -> bool:
    try:
        mode = place.stat().st_mode
    except (OSError, ValueError):  # a ValueError where the path holds a zero byte
        return False
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)
