"""Whether an image is one plane of bright-field colours: stacks, series and fluorescence are refused in a sentence."""

import re
from collections.abc import Sequence

from msm_mil_core.slides.formats.ome import OmeImage, image_of_page

ONE_PLANE = (
    "one plane of a bright-field slide is read. Export the plane that is in focus, in RGB, as a file of its own, and "
    "open that."
)
RGB_ALONE = (
    "bright-field slides in RGB of 8 bits are read. Convert it to RGB of 8 bits (in Fiji: Image > Type > RGB Color; in "
    "QuPath: as rendered RGB), and export it again."
)
MOST_BITS = 64
"""More are no number of bits, but damage."""
_RGB_NAMES = (("red", "green", "blue"), ("r", "g", "b"))
_RGB_COLORS = ((0xFF0000, 0x00FF00, 0x0000FF),)
_UNNAMED = re.compile(r"(channel|c|ch)?[ :_-]*\d*(:\d+)?", re.IGNORECASE)
"""Names that programs give to channels that nobody has named."""


def flaw_of_description(description: str, page: int = 0) -> str:
    """Say why the image of a page of a TIFF is no bright-field slide, to follow its name; empty if it may be one."""
    image = image_of_page(description, page)
    if image is not None:
        return _flaw_of_ome(image)
    fields = dict(re.findall(r"^(slices|frames|channels)=(\d+)", description, re.MULTILINE))
    if not description.startswith("ImageJ="):
        return ""
    return flaw_of_stack(int(fields.get("slices", 1)), int(fields.get("frames", 1)))


def flaw_of_stack(depth: int, times: int) -> str:
    """Say that there are several focal planes or moments; empty if there is one of each."""
    if depth > 1:
        return f"is a z-stack of {depth} focal planes; {ONE_PLANE}"
    return f"is a series of {times} moments; {ONE_PLANE}" if times > 1 else ""


def flaw_of_channels(count: int, names: Sequence[str], colors: Sequence[int | None] = ()) -> str:
    """Say that channels are those of fluorescence; empty if they are red, green and blue, or one shade of grey.

    Three channels without names or colours are taken for red, green and blue.
    """
    if count in (1, 3) and (count == 1 or are_rgb(names, colors) or not _tells(names, colors)):
        return ""
    told = [name for name in names if name]
    which = f" ({', '.join(told[:6])}{', …' if len(told) > 6 else ''})" if told else ""
    return f"has {count} channels{which}, as fluorescence has; {RGB_ALONE}"


def flaw_of_depth(bits: int) -> str:
    """Say that values are not bytes; empty if they are."""
    return "" if not 8 < bits <= MOST_BITS else f"stores {bits} bits a channel; {RGB_ALONE}"


def are_rgb(names: Sequence[str], colors: Sequence[int | None] = ()) -> bool:
    """Return whether channels are said to be red, green and blue, by their names or colours (0xRRGGBB)."""
    plain = tuple(name.strip().lower() for name in names)
    return plain in _RGB_NAMES or tuple(colors) in _RGB_COLORS


def _tells(names: Sequence[str], colors: Sequence[int | None]) -> bool:
    return any(not _UNNAMED.fullmatch(name.strip()) for name in names) or any(color is not None for color in colors)


def _flaw_of_ome(image: OmeImage) -> str:
    stack = flaw_of_stack(image.count("Z"), image.count("T"))
    planes = planes_of(image)
    if stack or len(planes.channels) < 2:
        return stack
    return flaw_of_channels(len(planes.channels), *described_channels(planes))


def is_rgb_in_pages(description: str) -> bool:
    """Return whether OME-XML says that three pages are the red, the green and the blue of one image."""
    image = image_of_page(description)
    if image is None:
        return False
    planes = planes_of(image)
    return len(planes.channels) == 3 and are_rgb(*described_channels(planes))


def planes_of(image: OmeImage) -> OmeImage:
    """Return an image with those of its channels alone that are one plane each."""
    return OmeImage(image.pixels, [each for each in image.channels if each.get("SamplesPerPixel", "1") == "1"])


def described_channels(image: OmeImage) -> tuple[list[str], list[int | None]]:
    """Return the names and the colours (0xRRGGBB) of channels as OME-XML gives them; None without a colour."""
    return [each.get("Name", "") for each in image.channels], [_rgb(each.get("Color")) for each in image.channels]


def _rgb(color: str | None) -> int | None:
    """Take a colour of OME-XML, a signed number of 32 bits for RGBA, without its opacity; white says nothing."""
    try:
        rgb = None if color is None else (int(color) & 0xFFFFFFFF) >> 8
    except ValueError:
        return None
    return None if rgb == 0xFFFFFF else rgb
