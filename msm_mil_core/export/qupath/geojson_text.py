"""The text of a GeoJSON feature collection, made in chunks from columns, without an object per feature."""

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
    """JSON text of the members before the measurements, with a comma after each."""
    measurements: tuple[str, ...]
    """The M names of the measurements."""
    values: NDArray[np.float32]
    """(n, M), NaN where a measurement is missing."""
    metadata: str = ""
    """JSON text of the object that is the metadata of each of them; empty for none, as QuPath needs it for tiles."""


def collection_text(parts: Iterable[Iterable[str]]) -> Iterator[str]:
    """Give the text of a feature collection piece by piece; `parts` hold features as lines, a piece is one part."""
    yield HEADER
    before = ""
    for part in map(",\n".join, parts):
        if part:
            yield before + part
            before = ",\n"
    yield FOOTER


def rectangle_lines(part: FeatureColumns) -> Iterator[str]:
    """Give the text of each rectangle, without an end of line; those with the same measurements follow each other."""
    left, top, right, bottom = part.box_px.T
    ring = np.stack([left, top, right, top, right, bottom, left, bottom, left, top])
    for pattern, rows in _patterns(np.isfinite(part.values)):
        present = [name for name, has_value in zip(part.measurements, pattern, strict=True) if has_value]
        template = _template(present, part.metadata)
        columns = [*ring[:, rows].tolist(), [part.properties[row] for row in rows.tolist()]]
        columns += part.values[rows][:, pattern].T.tolist()
        yield from map(template.__mod__, zip([part.ids[row] for row in rows.tolist()], *columns, strict=True))


def _patterns(finite: NDArray[np.bool_]) -> list[tuple[NDArray[np.bool_], NDArray[np.int64]]]:
    """Group the features that have the same measurements, which share a template; there are few such groups."""
    groups, left = [], np.arange(len(finite))
    while len(left):
        pattern = finite[left[0]]
        same = (finite[left] == pattern).all(axis=1)
        groups.append((pattern, left[same]))
        left = left[~same]
    return sorted(groups, key=lambda group: group[0].tolist())


def _template(measurements: Sequence[str], metadata: str) -> str:
    numbers = ",".join(f"{_literal(json.dumps(name))}:%.7g" for name in measurements)
    ending = f',"metadata":{_literal(metadata)}' if metadata else ""
    return (
        '{"type":"Feature","id":"%s",'
        '"geometry":{"type":"Polygon","coordinates":[[[%d,%d],[%d,%d],[%d,%d],[%d,%d],[%d,%d]]]},'
        '"properties":{%s"measurements":{' + numbers + "}" + ending + "}}"
    )


def _literal(text: str) -> str:
    return text.replace("%", "%%")
