"""Checks a GeoJSON file that we wrote: one bad feature would abort QuPath's whole import."""

import gzip
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msm_mil_core.errors import OutputError
from msm_mil_core.export.qupath.geojson_file import GZIP_MAGIC
from msm_mil_core.export.qupath.geojson_text import FOOTER, HEADER


def check_geojson(path: Path, features: int, name: Path) -> None:
    """Read back a file written one feature a line: count, closed rings, finite numbers, unique ids.

    Raises
    ------
    OutputError
        If anything is not as QuPath needs it; the message names the file `name`.
    """
    try:
        ids = [_checked_id(feature) for feature in _features(path)]
        if len(ids) != features or len(set(ids)) != features:
            raise ValueError(f"{len(set(ids))} different features instead of {features}")  # noqa: TRY301  same sentence
    except (OSError, EOFError, ValueError, KeyError, TypeError) as exc:
        raise OutputError(
            f"{name} did not read back as it was written ({exc}), so it was discarded. "
            "Export again, to another disk if it happens twice."
        ) from exc


def _features(path: Path) -> Iterator[dict[str, Any]]:
    decode = json.JSONDecoder(parse_constant=_refuse).decode
    with path.open("rb") as raw:
        zipped = raw.read(2) == GZIP_MAGIC
    with gzip.open(path, "rb") if zipped else path.open("rb") as lines:
        _expect(lines.readline(), HEADER)
        line = b""
        for line in lines:
            if line.startswith(b"]"):
                break
            yield decode(line.rstrip(b",\n").decode())
        _expect(b"\n" + line, FOOTER)


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a number for QuPath")


def _expect(line: bytes, wanted: str) -> None:
    if line != wanted.encode():
        raise ValueError("it is cut short")


def _checked_id(feature: dict[str, Any]) -> str:
    for ring in feature["geometry"]["coordinates"]:
        if ring[0] != ring[-1] or len(ring) < 5:
            raise ValueError("an outline is not closed")
    properties = feature["properties"]
    if not all(map(math.isfinite, properties["measurements"].values())):
        raise ValueError("a measurement is not finite")
    if properties["objectType"] == "tile" and "metadata" in properties:
        raise ValueError("a tile has metadata")
    return str(feature["id"])
