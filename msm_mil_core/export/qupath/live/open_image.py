"""The image that is open in a running QuPath, and how its pixels lie on a slide."""

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any
from urllib.parse import unquote

from msm_mil_core.errors import QuPathError
from msm_mil_core.export.qupath.frame import QuPathFrame
from msm_mil_core.slides.slide import SlideFacts


@dataclass(frozen=True, slots=True)
class OpenImage:
    """What QuPath shows."""

    name: str
    places: str
    """The addresses of its files, as QuPath lists them."""
    size_px: tuple[int, int]


def read_open_image(entry_point: Any) -> OpenImage:
    """Ask QuPath which image is open.

    Raises
    ------
    QuPathError
        If none is.
    """
    server = _image_data(entry_point).getServer()
    return OpenImage(
        name=str(server.getMetadata().getName()),
        places=unquote(str(server.getURIs().toString())),
        size_px=(int(server.getWidth()), int(server.getHeight())),
    )


def open_hierarchy(entry_point: Any) -> Any:
    """Return QuPath's `PathObjectHierarchy` of the open image.

    Raises
    ------
    QuPathError
        If none is open.
    """
    return _image_data(entry_point).getHierarchy()


def frame_of(image: OpenImage, facts: SlideFacts) -> QuPathFrame:
    """Return how QuPath shows a slide: cropped to its bounds or not, which the size of its image tells.

    Raises
    ------
    QuPathError
        If QuPath shows another image.
    """
    if not _is_of(image, facts):
        raise QuPathError(f"QuPath shows {image.name}, not {facts.name}. Open that slide in QuPath, and try again.")
    if image.size_px == facts.extent_px0:
        return QuPathFrame("auto", facts.origin_px0, facts.extent_px0)
    if image.size_px == facts.size_px0:
        return QuPathFrame("none", (0, 0), facts.size_px0)
    (width, height), (slide_width, slide_height) = image.size_px, facts.extent_px0
    raise QuPathError(
        f"{image.name} has {width} x {height} pixels in QuPath, and {slide_width} x {slide_height} here, so places "
        "cannot be matched. Open the file of the slide itself in QuPath."
    )


def _image_data(entry_point: Any) -> Any:
    data = entry_point.getQuPath().getImageData()
    if data is None:
        raise QuPathError("No image is open in QuPath. Open the slide there, and try again.")
    return data


def _is_of(image: OpenImage, facts: SlideFacts) -> bool:
    """Return whether QuPath's image is of a slide: its files, or it itself, have the slide's name."""
    name, slide = image.name.casefold(), facts.name.casefold()
    in_places = re.search(rf"[/\\]{re.escape(slide)}(?![\w.-])", image.places.casefold())
    return bool(in_places) or name in (slide, PurePath(slide).stem) or name.startswith(f"{slide} ")
