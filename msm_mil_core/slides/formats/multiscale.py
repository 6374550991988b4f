"""What OME-Zarr says of an image: its axes, its levels and the size of its pixels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msm_mil_core.slides.formats.ome import um_per_unit
from msm_mil_core.slides.formats.zarr_mark import ome_part

ALL_AXES = "tczyx"
"""The axes of OME-Zarr before it named them."""


class UnusualError(ValueError):
    """The metadata are not those of an image; the message says why, to follow "since"."""


@dataclass(frozen=True, slots=True)
class Multiscale:
    """One image in several levels."""

    axes: str
    """A letter an axis, in the order of the arrays: some of t, c, z, y, x."""
    paths: tuple[str, ...]
    """Where the array of each level is, finest first."""
    mpps: tuple[tuple[float, float] | None, ...]
    """Micrometres per pixel of each level, across and down; None where no unit of length is given."""
    names: tuple[str, ...]
    """Of the channels; empty where they have none."""
    colors: tuple[int | None, ...]
    """Of the channels, 0xRRGGBB; None where one has none."""


def read_multiscale(attributes: Mapping[str, Any]) -> Multiscale:
    """Read the attributes of a group that holds an image, of OME-Zarr 0.1 to 0.5; before 0.4 they say no length.

    Raises
    ------
    UnusualError
        If they lack what an image needs.
    """
    ome = ome_part(attributes)
    try:
        first = ome["multiscales"][0]
        axes = [_axis(each) for each in first.get("axes", ALL_AXES)]
        datasets = first["datasets"]
        paths = tuple(str(each["path"]) for each in datasets)
        mpps = tuple(_mpp(axes, _scale(each, len(axes), first)) for each in datasets)
        channels = (ome.get("omero") or {}).get("channels") or []
        names, colors = [str(each.get("label", "")) for each in channels], [_color(each) for each in channels]
    except UnusualError:
        raise
    except (LookupError, TypeError, AttributeError, ValueError) as exc:
        raise UnusualError(f"its metadata are not those of OME-Zarr 0.4 or 0.5{_version(ome)}") from exc
    letters = "".join(name for name, _ in axes)
    if not paths or (letters[-2:] != "yx" and letters != "yxc") or len(set(letters)) != len(letters):
        raise UnusualError(f"its axes are {letters or 'not named'}, not in the order t, c, z, y, x or y, x, c")
    return Multiscale(letters, paths, mpps, tuple(names), tuple(colors))


def _version(ome: Mapping[str, Any]) -> str:
    """Return what version the metadata say that they are of, to follow what is wrong; empty if none."""
    first = ome.get("multiscales")
    inner = first[0].get("version") if isinstance(first, list) and first and isinstance(first[0], dict) else None
    version = ome.get("version") or inner
    return f", but say that they are of {version}" if isinstance(version, str) else ""


def _axis(described: Any) -> tuple[str, float | None]:
    """Return the letter of an axis, and the micrometres in its unit; None if that is no length."""
    if isinstance(described, str):  # before 0.4
        described = {"name": described}
    name = str(described["name"]).lower()
    if name not in set("tczyx"):
        raise UnusualError(f"it has an axis {name!r}")
    return name, um_per_unit(str(described.get("unit", "")))


def _scale(dataset: Mapping[str, Any], axes: int, first: Mapping[str, Any]) -> Sequence[float]:
    """Return the size of a pixel along each axis: the product of the level's own scale and that of all levels."""
    own, shared = (
        next((each["scale"] for each in where.get("coordinateTransformations") or [] if each["type"] == "scale"), None)
        for where in (dataset, first)
    )
    ones = [1.0] * axes
    if any(len(each or ones) != axes for each in (own, shared)):
        raise UnusualError("a scale has another number of axes than the image")
    return [float(one) * float(all_) for one, all_ in zip(own or ones, shared or ones, strict=True)]


def _mpp(axes: Sequence[tuple[str, float | None]], scale: Sequence[float]) -> tuple[float, float] | None:
    um = {name: unit * size for (name, unit), size in zip(axes, scale, strict=True) if unit is not None}
    return (um["x"], um["y"]) if "x" in um and "y" in um else None


def _color(channel: Mapping[str, Any]) -> int | None:
    color = str(channel.get("color") or "").lstrip("#")
    try:
        return int(color, 16)
    except ValueError:
        return None
