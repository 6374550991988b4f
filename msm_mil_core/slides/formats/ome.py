"""What OME-XML says of the first image of a file: the size of its pixels, its planes and its channels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

_TENS_OF_SIGN = {
    "y": -24, "z": -21, "a": -18, "f": -15, "p": -12, "n": -9, "µ": -6, "μ": -6, "u": -6, "m": -3, "c": -2, "d": -1,
    "": 0, "da": 1, "h": 2, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18, "Z": 21, "Y": 24,
}  # fmt: skip
_TENS_OF_NAME = {
    "yocto": -24, "zepto": -21, "atto": -18, "femto": -15, "pico": -12, "nano": -9, "micro": -6, "milli": -3,
    "centi": -2, "deci": -1, "": 0, "deca": 1, "hecto": 2, "kilo": 3, "mega": 6, "giga": 9, "tera": 12, "peta": 15,
    "exa": 18, "zetta": 21, "yotta": 24,
}  # fmt: skip
"""What stands before the metre, as a power of ten."""
_UM_PER_UNIT = {
    "å": 1e-4, "angstrom": 1e-4, "micron": 1.0, "microns": 1.0, "thou": 25.4, "in": 25_400.0, "inch": 25_400.0,
    "pt": 25_400.0 / 72, "li": 25_400.0 / 12, "ft": 304_800.0, "foot": 304_800.0, "yd": 914_400.0, "yard": 914_400.0,
    "mi": 1_609_344_000.0, "mile": 1_609_344_000.0,
}  # fmt: skip
"""Other units of OME's schema, of OME-Zarr, and some that are in use; "pixel" and "reference frame" say nothing."""
DEFAULT_UNIT = "µm"
NONE: Mapping[str, str] = {}


@dataclass(slots=True)
class OmeImage:
    """One image of a file, by the attributes of its elements."""

    pixels: Mapping[str, str] = field(default_factory=dict)
    channels: list[Mapping[str, str]] = field(default_factory=list)

    def count(self, axis: str) -> int:
        """Return how many planes lie along Z, T or C; 1 where that is not said."""
        try:
            return max(1, int(self.pixels.get(f"Size{axis}", "1")))
        except ValueError:
            return 1


def ome_pixel_size_um(properties: Mapping[str, str]) -> tuple[float, float] | None:
    """Return width and height of a pixel in micrometres, as the OME-XML in a slide's properties gives them.

    None if there is no OME-XML, it is damaged, or it does not give both in a unit of length.
    """
    image = image_of_page(properties.get("tiff.ImageDescription", ""), int(properties.get("tiff.shown-page", "0")))
    pixels = NONE if image is None else image.pixels
    sides = _side_um(pixels, "X"), _side_um(pixels, "Y")
    return None if sides[0] is None or sides[1] is None else (sides[0], sides[1])


def _side_um(pixels: Mapping[str, str], axis: str) -> float | None:
    um = um_per_unit(pixels.get(f"PhysicalSize{axis}Unit", DEFAULT_UNIT))
    try:
        return None if um is None else float(pixels[f"PhysicalSize{axis}"]) * um
    except (KeyError, ValueError):
        return None


def um_per_unit(unit: str) -> float | None:
    """Return the micrometres in a unit of length, by its name or sign; None if it is none."""
    sign = unit.strip()
    name = sign.lower()
    metre = next((each for each in ("meter", "metre") if name.endswith(each)), "")
    if metre and name.removesuffix(metre) in _TENS_OF_NAME:
        return float(10.0 ** (6 + _TENS_OF_NAME[name.removesuffix(metre)]))
    if name not in _UM_PER_UNIT and sign.endswith("m") and sign[:-1] in _TENS_OF_SIGN:
        return float(10.0 ** (6 + _TENS_OF_SIGN[sign[:-1]]))
    return _UM_PER_UNIT.get(name)


def image_of_page(text: str, page: int = 0) -> OmeImage | None:
    """Return the image that begins with a page of the file, as OME-XML describes it; None if the text is none.

    Where it does not say which image the first page begins, it is the first.
    """
    if "<OME" not in text and ":OME" not in text:
        return None
    images = _Images(str(page))
    parser = expat.ParserCreate()
    parser.StartElementHandler = images.start
    parser.EntityDeclHandler = _refuse_entities
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, ValueError):
        return None
    return images.of_page or (images.found[0] if images.found and not page else None)


def _refuse_entities(*_: object) -> None:
    raise ValueError("OME-XML declares no entities: they can be made to fill the memory")


@dataclass(slots=True)
class _Images:
    """The images that are met while the XML is read."""

    page: str
    """The number of the page whose image is looked for."""
    found: list[OmeImage] = field(default_factory=list)
    of_page: OmeImage | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        element = name.rpartition(":")[2]
        if element == "Pixels":
            self.found.append(OmeImage(attributes))
        elif element == "Channel" and self.found:
            self.found[-1].channels.append(attributes)
        elif element == "TiffData" and self.found and not self.of_page and attributes.get("IFD", "0") == self.page:
            self.of_page = self.found[-1]
