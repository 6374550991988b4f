"""The features in a GeoJSON file that others wrote: plain, gzipped or in a zip archive, in every form QuPath writes."""

import gzip
import io
import json
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

from msm_mil_core.errors import RegionError

GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
LARGEST_TEXT = 2**30
"""Bytes of a file, also after unpacking: annotations have a few megabytes, a packed file may claim anything."""
GEOMETRIES = frozenset({
    "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection",
})  # fmt: skip

_UNREADABLE = (
    *(OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, struct.error),  # damaged
    *(NotImplementedError, RuntimeError),  # a method of compression that Python does not know; encrypted
)
_HOW = "Export annotations from QuPath as GeoJSON, and choose that file."


def read_features(path: Path) -> list[object]:
    """Return the features of a feature collection, a list, one feature or a bare geometry, without a look at them.

    Raises
    ------
    RegionError
        If the file cannot be read, is not GeoJSON, or is much larger than annotations are.
    """
    try:
        with path.open("rb") as file:
            text = _text(_unpacked(_all_of(file, path, "holds"), path))
        return list(_flattened(json.loads(text)))
    except FileNotFoundError as exc:
        raise RegionError(f"There is no file {path}. Check the path of the regions.") from exc
    except RecursionError as exc:
        raise RegionError(f"{path} is not GeoJSON: it is nested too deeply. {_HOW}") from exc
    except _UNREADABLE as exc:
        why = getattr(exc, "strerror", None) or exc
        raise RegionError(f"{path} cannot be read ({why}). Export the annotations again.") from exc
    except ValueError as exc:
        raise RegionError(f"{path} is not GeoJSON ({exc}). {_HOW}") from exc


def _unpacked(content: bytes, path: Path) -> bytes:
    if content.startswith(ZIP_MAGIC):
        return _unpacked(_only_member(content, path), path)
    if content.startswith(GZIP_MAGIC):
        with gzip.open(io.BytesIO(content)) as file:
            return _unpacked(_all_of(io.BufferedReader(file), path), path)
    return content


def _only_member(archive: bytes, path: Path) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        found = [info for info in files.infolist() if _may_be_geojson(info)]
        if len(found) != 1:
            names = ", ".join(repr(info.filename) for info in found[:5]) or "none"
            raise RegionError(
                f"{path} should hold one GeoJSON file, and holds {len(found)} ({names}). Unpack it, and choose one."
            )
        with files.open(found[0]) as file:
            return _all_of(file, path)


def _may_be_geojson(info: zipfile.ZipInfo) -> bool:
    name = PurePosixPath(info.filename)
    hidden = name.name.startswith(".") or "__MACOSX" in name.parts  # what macOS adds to its archives
    named = name.name.lower().endswith((".geojson", ".json", ".geojson.gz", ".json.gz"))
    return named and not hidden and not info.is_dir()  # of an entry without a name is_dir raises


def _all_of(file: IO[bytes], path: Path, does: str = "unpacks to") -> bytes:
    content = file.read(LARGEST_TEXT + 1)
    if len(content) > LARGEST_TEXT:
        raise RegionError(f"{path} {does} more than {LARGEST_TEXT >> 20} MiB. Export the annotations alone.")
    return content


def _text(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:  # before 0.4 QuPath wrote names as the system does; numbers are the same in all of them
        return content.decode("latin-1")


def _flattened(content: Any) -> Iterator[object]:
    """Give the features in `content`; what is not one is given as it is, to be refused by its number."""
    if isinstance(content, list):
        for each in content:
            yield from _inside(each)
        return
    kind = content.get("type") if isinstance(content, dict) else None
    if kind not in ("FeatureCollection", "Feature", *GEOMETRIES):
        raise ValueError("it has no features")
    yield from _inside(content)


def _inside(content: Any) -> Iterator[object]:
    kind = content.get("type") if isinstance(content, dict) else None
    if kind == "FeatureCollection":
        features = content.get("features")
        if not isinstance(features, list):
            raise ValueError("it has no features")
        yield from _flattened(features)
    elif isinstance(kind, str) and kind in GEOMETRIES:
        yield {"type": "Feature", "geometry": content}
    else:
        yield content
        yield from _below(content)


def _below(feature: Any) -> Iterator[object]:
    """Give the objects inside an object, where a file is nested as QuPath's hierarchy is."""
    if not isinstance(feature, dict):
        return
    properties = feature.get("properties")
    for holder in (feature, properties if isinstance(properties, dict) else {}):
        for key in ("childObjects", "children"):
            if isinstance(holder.get(key), list):
                yield from _flattened(holder[key])
