"""The image that is open in a running QuPath, and how its pixels lie on a slide."""

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any
from unicodedata import normalize
from urllib.parse import unquote

from msm_mil_core.errors import QuPathError
from msm_mil_core.export.qupath.frame import QuPathFrame
from msm_mil_core.export.qupath.live.connection import qupath_answers
from msm_mil_core.slides.slide import SlideFacts


@dataclass(frozen=True, slots=True)
class OpenImage:
    """What QuPath shows."""

    name: str
    places: str
    """The addresses of its files, as QuPath lists them."""
    size_px: tuple[int, int]
    kind: str = ""
    """What reads it, as QuPath calls that: "OpenSlide", or "OpenSlide (Rotate 180)"."""


def read_open_image(entry_point: Any) -> OpenImage:
    """Ask QuPath which image is open.

    Raises
    ------
    QuPathError
        If none is.
    """
    data = _image_data(entry_point)
    with qupath_answers():
        server = data.getServer()
        return OpenImage(
            name=str(server.getMetadata().getName()),
            places=unquote(str(server.getURIs().toString())),
            size_px=(int(server.getWidth()), int(server.getHeight())),
            kind=_kind(server),
        )


def open_hierarchy(entry_point: Any) -> Any:
    """Return QuPath's `PathObjectHierarchy` of the open image.

    Raises
    ------
    QuPathError
        If none is open.
    """
    data = _image_data(entry_point)
    with qupath_answers():
        return data.getHierarchy()


def frame_of(image: OpenImage, facts: SlideFacts) -> QuPathFrame:
    """Return how QuPath shows a slide: cropped to its bounds or not, which the size of its image tells.

    Raises
    ------
    QuPathError
        If QuPath shows another image.
    """
    if not _is_of(image, facts):
        raise QuPathError(f"QuPath shows {image.name}, not {facts.name}. Open that slide in QuPath, and try again.")
    if "rotate" in image.kind.casefold():
        raise QuPathError(
            f"QuPath shows {facts.name} turned ({image.kind}), so places cannot be matched. Add the slide to the "
            "project without rotation; QuPath can turn the view instead."
        )
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
    with qupath_answers():
        data = entry_point.getQuPath().getImageData()
    if data is None:
        raise QuPathError("No image is open in QuPath. Open the slide there, and try again.")
    return data


def _kind(server: Any) -> str:
    from py4j.protocol import Py4JError

    try:
        return str(server.getServerType())
    except Py4JError:  # another program's server; it says no less of its size
        return ""


def _is_of(image: OpenImage, facts: SlideFacts) -> bool:
    """Return whether QuPath's image is of a slide: its files, or it itself, have the slide's name."""
    name, slide, places = (_folded(text) for text in (image.name, facts.name, image.places))
    in_places = re.search(rf"[/\\]{re.escape(slide)}(?![\w.-])", places)
    return bool(in_places) or name in (slide, PurePath(slide).stem) or name.startswith(f"{slide} ")


def _folded(text: str) -> str:
    """Return a name without its case, and with letters and accents in one: some systems write them in two."""
    return normalize("NFC", text).casefold()
