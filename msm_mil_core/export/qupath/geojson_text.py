"""The text of a GeoJSON feature collection, made in chunks from columns: no object per feature."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HEADER = '{"type":"FeatureCollection","features":[\n'
FOOTER = "\n]}\n"


@dataclass(frozen=True, slots=True, eq=False)
class FeatureColumns:
    """Rectangles with measurements, column by column."""

    ids: Sequence[str]
    """UUIDs."""
    box_px: NDArray[np.int64]
    """(n, 4), left, top, right, bottom."""
    properties: Sequence[str]
    """JSON text of the members that go before the measurements, with a comma behind each."""
    values: NDArray[np.float32]
    """(n, M), NaN where a measurement is missing."""
    metadata: Sequence[str]
    """JSON text of the members of the metadata that not all features share, with a comma behind each."""


@dataclass(frozen=True, slots=True)
class CommonWords:
    """What all features of a file share."""

    measurements: tuple[str, ...]
    """The M names."""
    metadata: str
    """JSON text of an object that is not empty."""


def collection_text(parts: Iterable[FeatureColumns], words: CommonWords) -> Iterator[str]:
    """Give the text of a feature collection piece by piece, one feature a line, one piece for each part."""
    yield HEADER
    before = ""
    for part in (part for part in parts if part.ids):
        yield before + ",\n".join(_lines(part, words))
        before = ",\n"
    yield FOOTER


def _lines(part: FeatureColumns, words: CommonWords) -> Iterator[str]:
    left, top, right, bottom = part.box_px.T
    ring = np.stack([left, top, right, top, right, bottom, left, bottom, left, top])
    finite = np.isfinite(part.values)
    for pattern in np.unique(finite, axis=0):  # features that have the same measurements share a template
        rows = np.flatnonzero((finite == pattern).all(axis=1))
        template = _template([name for name, there in zip(words.measurements, pattern, strict=True) if there], words)
        columns = [*ring[:, rows].tolist(), [part.properties[row] for row in rows.tolist()]]
        columns += [*part.values[rows][:, pattern].T.tolist(), [part.metadata[row] for row in rows.tolist()]]
        yield from map(template.__mod__, zip([part.ids[row] for row in rows.tolist()], *columns, strict=True))


def _template(measurements: Sequence[str], words: CommonWords) -> str:
    numbers = ",".join(f"{_literal(json.dumps(name))}:%.7g" for name in measurements)
    return (
        '{"type":"Feature","id":"%s",'
        '"geometry":{"type":"Polygon","coordinates":[[[%d,%d],[%d,%d],[%d,%d],[%d,%d],[%d,%d]]]},'
        '"properties":{%s"measurements":{' + numbers + '},"metadata":{%s' + _literal(words.metadata[1:]) + "}}"
    )


def _literal(text: str) -> str:
    return text.replace("%", "%%")
