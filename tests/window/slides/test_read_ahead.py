"""Reading on in the direction of the pan: what lies ahead, what is superseded, and that it ends with the slide."""

from concurrent.futures import Executor, Future

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_msm_mil.slides.read_ahead import Area, ReadAhead, areas_ahead

SHAPE = 400, 300
spans = st.tuples(st.integers(0, 250), st.integers(1, 50)).map(lambda at: range(at[0], sum(at)))
areas = st.builds(Area, st.just(0), spans, spans)


class LaterReaders(Executor):
    """Readers that begin when they are told to."""

    def __init__(self):
        self._waiting = []

    def submit(self, work, /, *arguments, **named):
        self._waiting.append(lambda: work(*arguments, **named))
        return Future()

    def begin(self):
        waiting, self._waiting = self._waiting, []
        for work in waiting:
            work()


@pytest.fixture
def readers():
    return LaterReaders()


@pytest.fixture
def read():
    return []


@pytest.fixture
def ahead(readers, read):
    return ReadAhead(readers, read.append, piece_px=10)


@given(before=areas, now=areas)
def test_what_lies_ahead_is_in_the_slide_beside_the_view_and_no_larger(before, now):
    for area in areas_ahead(before, now, SHAPE):
        assert area.rows
        assert area.columns
        assert area.rows.start >= 0
        assert area.rows.stop <= SHAPE[0]
        assert area.columns.start >= 0
        assert area.columns.stop <= SHAPE[1]
        assert not pixels_of(area) & pixels_of(now)
        assert len(area.rows) * len(area.columns) <= len(now.rows) * len(now.columns)


@pytest.mark.parametrize(
    ("by", "rows", "columns"),
    [
        ((0, 20), range(100, 150), range(170, 190)),
        ((0, -20), range(100, 150), range(60, 80)),
        ((30, 0), range(180, 210), range(100, 150)),
        ((-30, 0), range(40, 70), range(100, 150)),
    ],
)
def test_the_strip_ahead_continues_the_move(by, rows, columns):
    before = Area(0, range(100, 150), range(100, 150))

    found = list(areas_ahead(before, moved(before, by), SHAPE))

    assert found == [Area(0, rows, columns)]


def test_nothing_lies_ahead_of_a_first_view_a_jump_or_another_level():
    view = Area(0, range(100, 150), range(100, 150))

    assert not list(areas_ahead(None, view, SHAPE))
    assert not list(areas_ahead(moved(view, (0, 60)), view, SHAPE))
    assert not list(areas_ahead(Area(1, view.rows, range(90, 140)), view, SHAPE))
    assert not list(areas_ahead(view, view, SHAPE))


def test_the_strip_ahead_is_read_once_and_whole(ahead, readers, read):
    view = Area(0, range(95, 150), range(100, 150))
    for at in (view, moved(view, (0, 20))):
        ahead.follow(at, SHAPE)

    readers.begin()

    assert sum(map(size_of, read)) == 55 * 20
    assert set().union(*map(pixels_of, read)) == pixels_of(Area(0, range(95, 150), range(170, 190)))


def test_a_newer_view_supersedes_what_has_not_begun(ahead, readers, read):
    view = Area(0, range(100, 150), range(100, 150))
    for by in (0, 20, 40):
        ahead.follow(moved(view, (0, by)), SHAPE)

    readers.begin()

    assert {area.columns.start for area in read} == {190, 200}


def test_what_still_waits_when_the_slide_has_gone_is_not_read(readers, read):
    view, ahead = Area(0, range(100, 150), range(100, 150)), ReadAhead(readers, read.append, piece_px=10)
    for by in (0, 20):
        ahead.follow(moved(view, (0, by)), SHAPE)

    del ahead
    readers.begin()

    assert read == []


def moved(area, by):
    (down, right), rows, columns = by, area.rows, area.columns
    return Area(
        area.level, range(rows.start + down, rows.stop + down), range(columns.start + right, columns.stop + right)
    )


def size_of(area):
    return len(area.rows) * len(area.columns)


def pixels_of(area):
    return {(row, column) for row in area.rows for column in area.columns}
