"""The text of features is JSON that says what the columns say, whatever names and values they hold."""

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from msm_mil_core.export.qupath.geojson_text import FeatureColumns, collection_text, rectangle_lines

names = st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=5, unique=True)
floats = st.floats(width=32, allow_infinity=True, allow_nan=True)


@st.composite
def parts(draw: st.DrawFn) -> list[FeatureColumns]:
    sizes = draw(st.lists(st.integers(0, 12), min_size=1, max_size=3))
    return [_part(draw, size) for size in sizes]


def _part(draw: st.DrawFn, size: int) -> FeatureColumns:
    measurements = tuple(draw(names))
    quoted = st.text(max_size=8).map(json.dumps)
    return FeatureColumns(
        ids=[f"id-{number}" for number in range(size)],
        box_px=draw(arrays(np.int64, (size, 4), elements=st.integers(-(2**31), 2**31))),
        properties=draw(st.lists(quoted.map(lambda name: f'"name":{name},'), min_size=size, max_size=size)),
        measurements=measurements,
        values=draw(arrays(np.float32, (size, len(measurements)), elements=floats)),
        metadata=draw(st.just("") | quoted.map(lambda word: f'{{"run":{word}}}')),
    )


@given(parts())
def test_what_is_written_reads_back_as_the_columns(columns):
    text = "".join(collection_text(map(rectangle_lines, columns)))

    written = json.loads(text, parse_constant=float)["features"]
    assert len(written) == sum(len(part.ids) for part in columns)
    for part in columns:
        features = {feature["id"]: feature for feature in written[: len(part.ids)]}
        written = written[len(part.ids) :]
        for row, identity in enumerate(part.ids):
            _check(features[identity], part, row)


def _check(feature, part, row):
    numbers = zip(part.measurements, part.values[row].tolist(), strict=True)
    values = {name: value for name, value in numbers if np.isfinite(value)}
    left, top, right, bottom = part.box_px[row].tolist()
    properties = feature["properties"]
    assert feature["geometry"]["coordinates"] == [
        [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]
    ]
    assert list(properties["measurements"]) == list(values)
    np.testing.assert_allclose(list(properties["measurements"].values()), list(values.values()), rtol=1e-6)
    assert properties["name"] == json.loads("{" + part.properties[row].rstrip(",") + "}")["name"]
    assert properties.get("metadata") == (json.loads(part.metadata) if part.metadata else None)


def test_every_feature_is_a_line():
    part = FeatureColumns(
        ids=["a", "b", "c"],
        box_px=np.zeros((3, 4), np.int64),
        properties=[""] * 3,
        measurements=("one", "two"),
        values=np.array([[1, 2], [np.nan, 2], [1, 2]], np.float32),
        metadata='{"run":""}',
    )

    text = "".join(collection_text([rectangle_lines(part)]))

    lines = text.splitlines()
    assert [json.loads(line.rstrip(","))["id"] for line in lines[1:-1]] == ["b", "a", "c"]
    assert all(line.endswith(",") for line in lines[1:-2])
