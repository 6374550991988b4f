"""What OME-XML says of the first image of a file: the size of its pixels, its planes and its channels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

_UM_PER_UNIT = {
    "pm": 1e-6, "Å": 1e-4, "nm": 1e-3, "µm": 1.0, "μm": 1.0, "um": 1.0, "micron": 1.0, "mm": 1e3, "cm": 1e4, "m": 1e6,
    "in": 25_400.0, "thou": 25.4,
}  # fmt: skip
"""Units of length in OME's schema, and others that are in use; "pixel" and "reference frame" say nothing."""
_UM_PER_NAME = {
    "micrometer": 1.0, "micrometre": 1.0, "nanometer": 1e-3, "nanometre": 1e-3, "millimeter": 1e3, "millimetre": 1e3,
    "centimeter": 1e4, "centimetre": 1e4, "meter": 1e6, "metre": 1e6, "picometer": 1e-6, "angstrom": 1e-4,
    "inch": 25_400.0,
}  # fmt: skip
"""Names of units, as OME-Zarr and napari have them."""
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
    image = first_image(properties.get("tiff.ImageDescription", ""))
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
    return _UM_PER_UNIT.get(unit.strip()) or _UM_PER_NAME.get(unit.strip().lower())


def first_image(text: str) -> OmeImage | None:
    """Return the image that the file's first page shows, as OME-XML describes it; None if the text is none."""
    if "<OME" not in text and ":OME" not in text:
        return None
    images = _Images()
    parser = expat.ParserCreate()
    parser.StartElementHandler = images.start
    parser.EntityDeclHandler = _refuse_entities
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, ValueError):
        return None
    return images.of_first_page or (images.found[0] if images.found else None)


def _refuse_entities(*_: object) -> None:
    raise ValueError("OME-XML declares no entities: they can be made to fill the memory")


@dataclass(slots=True)
class _Images:
    """The images that are met while the XML is read."""

    found: list[OmeImage] = field(default_factory=list)
    of_first_page: OmeImage | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        element = name.rpartition(":")[2]
        if element == "Pixels":
            self.found.append(OmeImage(attributes))
        elif element == "Channel" and self.found:
            self.found[-1].channels.append(attributes)
        elif element == "TiffData" and self.found and not self.of_first_page and attributes.get("IFD", "0") == "0":
            self.of_first_page = self.found[-1]
