"""Reading on where a slide is damaged: what cannot be read is hatched, and reported once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.readers.reader_choice import ReaderChoice
from msm_mil_core.slides.slide import Slide, SlideFacts, open_slide

Report: TypeAlias = Callable[[str], None]
HATCH_PX = 16
HATCH_GREYS = (150, 190)
_READERS: Mapping[str, ReaderChoice] = {
    "openslide": "openslide",
    "direct": "direct",
    "direct-scaled": "direct-scaled",
    "fsspec": "fsspec",
}


@dataclass(frozen=True, slots=True)
class Read:
    """What is read of a slide; see `Slide.read`."""

    xy_px0: tuple[int, int]
    level: int
    size_px: tuple[int, int]
    reduction: int

    def of(self, slide: Slide) -> NDArray[np.uint8]:
        """Read it."""
        return slide.read(self.xy_px0, self.level, self.size_px, self.reduction)


class SalvagedSlide:
    """A slide whose damaged areas do not end the reading.

    Openslide refuses every further read through a handle that has failed once; then the file is opened again.
    """

    def __init__(self, slide: Slide, report: Report) -> None:
        self._slide = slide
        self._report = report
        self._reported = False
        self._repairing = Lock()

    def read(
        self, xy_px0: tuple[int, int], level: int, size_px: tuple[int, int], reduction: int = 1
    ) -> NDArray[np.uint8]:
        """Read as `Slide.read` does, but return a hatched area for a damaged one."""
        read = Read(xy_px0, level, size_px, reduction)
        try:
            return read.of(self._slide)
        except SlideError:
            with self._repairing:
                return self._read_again(read)

    def _read_again(self, read: Read) -> NDArray[np.uint8]:
        try:
            fresh = reopened(self._slide.facts)  # damage that another thread met cannot affect it
            pixels = read.of(fresh)
            self._slide = fresh
        except SlideError as exc:
            self._report_once(exc)
            self._slide = _reopened_or(self._slide)
            return _hatched(read.size_px)
        return pixels

    def _report_once(self, exc: SlideError) -> None:
        if not self._reported:
            message = str(exc).replace(self._slide.facts.path, self._slide.facts.name)
            self._report(f"{message} What cannot be read is hatched.")
        self._reported = True


def reopened(facts: SlideFacts) -> Slide:
    """Open a slide again from where it was, with the resolution that the user had typed."""
    mpp = facts.mpp if facts.mpp_origin == "user" else None
    return open_slide(Path(facts.path), mpp, _READERS.get(facts.reader, "auto")).in_colors(facts.colors)


def _reopened_or(slide: Slide) -> Slide:
    try:
        return reopened(slide.facts)
    except SlideError:
        return slide


def _hatched(size_px: tuple[int, int]) -> NDArray[np.uint8]:
    width, height = size_px
    row, column = np.ogrid[:height, :width]
    striped = (row + column) // HATCH_PX % 2
    return np.repeat(np.array(HATCH_GREYS, np.uint8)[striped][..., None], 3, axis=2)
