"""What the OME-XML of an OME-TIFF says of the image that openslide shows: the size of its pixels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

_UM_PER_UNIT = {
    "pm": 1e-6, "Å": 1e-4, "nm": 1e-3, "µm": 1.0, "μm": 1.0, "um": 1.0, "micron": 1.0, "mm": 1e3, "cm": 1e4, "m": 1e6,
    "in": 25_400.0, "thou": 25.4,
}  # fmt: skip
"""Units of length in OME's schema, and others that are in use; "pixel" and "reference frame" say nothing."""
DEFAULT_UNIT = "µm"


def ome_pixel_size_um(properties: Mapping[str, str]) -> tuple[float, float] | None:
    """Return width and height of a pixel in micrometres, as the OME-XML in a slide's properties gives them.

    None if there is no OME-XML, it is damaged, or it does not give both in a unit of length.
    """
    pixels = _first_pixels(properties.get("tiff.ImageDescription", ""))
    sides = _side_um(pixels, "X"), _side_um(pixels, "Y")
    return None if sides[0] is None or sides[1] is None else (sides[0], sides[1])


def _side_um(pixels: Mapping[str, str], axis: str) -> float | None:
    um = _UM_PER_UNIT.get(pixels.get(f"PhysicalSize{axis}Unit", DEFAULT_UNIT).strip())
    try:
        return None if um is None else float(pixels[f"PhysicalSize{axis}"]) * um
    except (KeyError, ValueError):
        return None


def _first_pixels(text: str) -> Mapping[str, str]:
    """Return the attributes of the image that the file's first page shows; empty if there is none."""
    if "<OME" not in text and ":OME" not in text:
        return {}
    images = _Images()
    parser = expat.ParserCreate()
    parser.StartElementHandler = images.start
    parser.EntityDeclHandler = _refuse_entities
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, ValueError):
        return {}
    return images.of_first_page or (images.found[0] if images.found else {})


def _refuse_entities(*_: object) -> None:
    raise ValueError("OME-XML declares no entities: they can be made to fill the memory")


@dataclass(slots=True)
class _Images:
    """The images that are met while the XML is read."""

    found: list[Mapping[str, str]] = field(default_factory=list)
    of_first_page: Mapping[str, str] = field(default_factory=dict)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        element = name.rpartition(":")[2]
        if element == "Pixels":
            self.found.append(attributes)
        elif element == "TiffData" and self.found and not self.of_first_page and attributes.get("IFD", "0") == "0":
            self.of_first_page = self.found[-1]
