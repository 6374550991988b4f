"""The store of decoded tiles: bounded, shared by threads, each tile decoded once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.slides.decoded_tiles import DecodedTiles


def a_tile(value: int, side_px: int = 10) -> np.ndarray:
    return np.full((side_px, side_px), value, np.uint8)


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(1, 12)), max_size=60), st.integers(0, 400))
def test_it_never_holds_more_than_its_bound_and_always_gives_the_tile(asked: list[tuple[int, int]], max_bytes: int):
    tiles = DecodedTiles(max_bytes)

    for value, side_px in asked:
        tile = tiles.get((value, side_px), lambda value=value, side_px=side_px: a_tile(value, side_px))

        assert tile.shape == (side_px, side_px)
        assert (tile == value).all()
        assert tiles.held_bytes <= max_bytes


def test_the_least_recently_used_tile_is_dropped_first():
    tiles = DecodedTiles(200)

    for value in (1, 2, 1, 3):
        tiles.get(value, lambda value=value: a_tile(value))

    assert [value in tiles for value in (1, 2, 3)] == [True, False, True]


def test_a_stored_tile_is_shared_and_cannot_be_changed():
    tiles = DecodedTiles(1000)

    first, second = (tiles.get("a", lambda: a_tile(1)) for _ in range(2))

    assert first is second
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0] = 9


def test_a_tile_that_many_threads_want_is_decoded_once():
    tiles, at_once, made = DecodedTiles(1000), Barrier(8), []

    def want(_: int) -> np.ndarray:
        at_once.wait()
        return tiles.get("a", lambda: made.append(1) or a_tile(7))

    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(want, range(8)))

    assert len(made) == 1
    assert all(tile is got[0] for tile in got)


def test_a_failure_reaches_all_that_wait_and_the_next_one_tries_again():
    tiles, begun, fail = DecodedTiles(1000), Event(), Event()

    def broken() -> np.ndarray:
        begun.set()
        fail.wait()
        raise ValueError("damaged")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(tiles.get, "a", broken)
        begun.wait()
        second = pool.submit(tiles.get, "a", broken)
        fail.set()
        errors = [first.exception(), second.exception()]

    assert all(isinstance(error, ValueError) for error in errors)
    assert (tiles.get("a", lambda: a_tile(3)) == 3).all()


def test_clearing_drops_every_tile():
    tiles = DecodedTiles(1000)
    tiles.get("a", lambda: a_tile(1))

    tiles.clear()

    assert (len(tiles), tiles.held_bytes) == (0, 0)


class AUser:
    """Anything that can be referred to weakly."""


def test_tiles_are_dropped_with_the_last_user_of_their_source():
    tiles, users = DecodedTiles(1000), [AUser(), AUser()]
    for user in users:
        tiles.keep_for(user, "slide")
    for key in (("slide", 1), ("slide", 2), ("other", 1)):
        tiles.get(key, lambda: a_tile(1))

    users.pop()
    both = len(tiles), tiles.held_bytes
    users.pop()
    del user

    assert both == (3, 300)
    assert (len(tiles), tiles.held_bytes) == (1, 100)
    assert ("other", 1) in tiles


def test_a_user_may_go_while_its_own_thread_stores_a_tile():
    tiles = DecodedTiles(1000)
    user = AUser()
    tiles.keep_for(user, "slide")
    tiles.get(("slide", 1), lambda: a_tile(1))

    class Going:
        """A key that lets the user go when it is looked up, in the middle of what the store does."""

        def __hash__(self):
            nonlocal user
            user = None
            return 1

    tiles.get(Going(), lambda: a_tile(2))
    tiles.get("next", lambda: a_tile(3))

    assert ("slide", 1) not in tiles
    assert tiles.held_bytes == 200


@given(
    st.lists(st.tuples(st.sampled_from(["open", "close", "read"]), st.integers(0, 3), st.integers(0, 5)), max_size=80)
)
def test_whoever_opens_and_closes_there_are_tiles_of_open_sources_alone(steps: list[tuple[str, int, int]]):
    tiles, users = DecodedTiles(700), {source: [] for source in range(4)}

    for what, source, number in steps:
        if what == "open":
            users[source].append(AUser())
            tiles.keep_for(users[source][-1], source)
        elif what == "close" and users[source]:
            users[source].pop()
        elif what == "read" and users[source]:
            tiles.get((source, number), lambda: a_tile(1))

        held = [(source, number) for source in users for number in range(6) if (source, number) in tiles]
        assert all(users[source] for source, _ in held)
        assert tiles.held_bytes == 100 * len(held) <= 700


def test_the_bound_grows_and_never_shrinks():
    tiles = DecodedTiles(100)

    tiles.grow(300)
    tiles.grow(200)

    assert tiles.max_bytes == 300
