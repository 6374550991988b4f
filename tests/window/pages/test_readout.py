"""What is read of a tile, how it is put into words, and how it is held."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from msm_mil_core.display.role_words import RoleWords
from msm_mil_core.explain.evidence import evidence_of
from napari_msm_mil.pages.readout.panel import NOWHERE, ReadoutPanel
from napari_msm_mil.pages.readout.reading_line import in_words
from napari_msm_mil.pages.readout.tile_reading import StageReading, TileReader
from napari_msm_mil.widgets.scroll_column import ScrollColumn
from tests.results import a_prediction, a_result, block_of_tiles, tile_grid
from tests.window.dock_user import child

NAN = float("nan")


@pytest.fixture
def result():
    return a_result(prediction=a_prediction(30, masks=True))


@pytest.fixture
def readout(qtbot, result):
    readout = ReadoutPanel()
    qtbot.addWidget(readout)
    readout.show_result(result)
    readout.show()
    return readout


def a_reading(**changes) -> StageReading:
    fields = {"attention": 0.01234, "place": 3, "shown": 64, "claimed": True, "evidence": -0.04567}
    return StageReading(**fields | changes)


def looking_at(attention):
    """A result of one stage with this attention."""
    drawn = a_prediction(len(attention), S=1)
    stage = replace(drawn.stages[0], attention=np.float32(attention))
    tiles = tile_grid([(col, 0) for col in range(len(attention))])
    return a_result(tiles, prediction=replace(drawn, stages=(stage,)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ("0.0123", "3", "96.9 %", "-0.0457")),
        ({"evidence": 0.04567}, ("0.0123", "3", "96.9 %", "+0.0457")),
        ({"evidence": NAN}, ("0.0123", "3", "96.9 %", "–")),
        ({"place": 1, "shown": 12345}, ("0.0123", "1", "100.0 %", "-0.0457")),
        ({"attention": NAN, "place": 0, "evidence": 0.0}, ("hidden", "–", "–", "+0")),
    ],
)
def test_a_reading_is_put_into_words(changes, words):
    assert in_words(a_reading(**changes)) == words


@given(st.lists(st.integers(1, 9), min_size=1, max_size=30))
def test_the_place_counts_what_is_higher_and_the_percentile_what_is_not(attention):
    reader = TileReader(looking_at(attention))

    stages = [reader.read(tile, 0).stages[0] for tile in range(len(attention))]

    assert [stage.place for stage in stages] == [1 + sum(other > mine for other in attention) for mine in attention]
    assert [stage.percentile for stage in stages] == pytest.approx(
        [100 * sum(other <= mine for other in attention) / len(attention) for mine in attention]
    )


def test_a_tile_that_was_not_shown_has_no_place_and_is_not_counted():
    reader = TileReader(looking_at([3, np.nan, 1]))

    shown, hidden, last = (reader.read(tile, 0).stages[0] for tile in range(3))

    assert (shown.place, shown.shown, last.place) == (1, 2, 2)
    assert hidden.place == 0
    assert np.isnan(hidden.percentile)


def test_evidence_is_that_of_the_chosen_class(result):
    reader = TileReader(result)

    readings = [[stage.evidence for stage in reader.read(7, index).stages] for index in range(2)]

    stages = range(len(result.prediction.stages))
    assert readings == [[evidence_of(result.prediction, index, stage)[7] for stage in stages] for index in range(2)]


def test_without_evidence_there_is_none_to_read(qtbot):
    bare = a_result(prediction=a_prediction(30, evidence=False))
    readout = ReadoutPanel()
    qtbot.addWidget(readout)
    readout.show_result(bare)

    readout.read(TileReader(bare).read(7, 0))

    assert [text.split()[-1] for text in readout.texts] == ["–"] * 3
    assert {child(readout, f"place_{index}").toolTip().split(" of ")[1].split(";")[0] for index in range(3)} == {
        "30 tiles"
    }


def test_a_tile_is_found_up_to_its_far_edges_and_none_where_none_is():
    reader = TileReader(a_result(tile_grid([(1, 0), (3, 2)]), prediction=a_prediction(2)))

    found = [reader.tile_at(*place) for place in ((100, 0), (199.9, 99.9), (200, 0), (300, 200), (-1, -1), (0, 0))]

    assert found == [0, 0, None, 1, None, None]


def test_what_each_stage_is_for_stands_beside_its_number(readout):
    before = [child(readout, f"tile_stage_{index}").text() for index in range(3)]
    sentences = ("It argues for it.", "It is context.", "It argues against it.")

    readout.show_roles(RoleWords(kinds=("for", "context", "against"), roles=("",) * 3, sentences=sentences))

    names = [child(readout, f"tile_stage_{index}") for index in range(3)]
    assert before == ["1", "2", "3"]
    assert [name.text() for name in names] == ["1 · for", "2 · context", "3 · against"]
    assert [name.toolTip() for name in names] == list(sentences)


def test_lines_are_there_before_and_after_a_tile_is_read(readout, result):
    empty, height = readout.texts, readout.sizeHint().height()
    readout.read(TileReader(result).read(7, 0))
    full = readout.texts
    readout.read(None)

    assert empty == readout.texts == ("– – – –",) * 3
    assert full != empty
    assert readout.sizeHint().height() == height


@pytest.mark.parametrize("masks", [False, True])
def test_the_width_does_not_change_while_the_mouse_moves(readout, masks):
    result = a_result(block_of_tiles(120, 100), prediction=a_prediction(12_000, masks=masks))
    readout.show_result(result)
    reader, widths = TileReader(result), set()

    for tile in (None, *range(0, 12_000, 400)):
        readout.read(None if tile is None else reader.read(tile, 0))
        QApplication.processEvents()  # the layout is worked out anew
        widths.add(readout.minimumSizeHint().width())

    assert len(widths) == 1


def test_values_stand_below_each_other_at_the_right(readout, result):
    readout.read(TileReader(result).read(7, 0))
    QApplication.processEvents()

    for what in ("attention", "place", "percentile", "evidence"):
        values = [child(readout, f"{what}_{index}") for index in range(3)]
        assert len({value.geometry().right() for value in values}) == 1
        assert all(value.alignment() & Qt.AlignmentFlag.AlignRight for value in values)


def test_a_locked_tile_stays_whatever_the_mouse_does(readout, result):
    reader = TileReader(result)
    readout.lock(reader.read(7, 0))
    locked = readout.texts

    readout.read(reader.read(8, 0))
    readout.read(None)

    assert readout.locked
    assert readout.heading == "Locked tile"
    assert readout.texts == locked
    assert child(readout, "unlock_tile").isVisible()


def test_unlocking_is_a_wish_and_locks_nothing_by_itself(readout, result, qtbot):
    readout.lock(TileReader(result).read(7, 0))

    with qtbot.waitSignal(readout.unlock_requested):
        qtbot.mouseClick(child(readout, "unlock_tile"), Qt.MouseButton.LeftButton)

    assert readout.locked


def test_unlocked_it_follows_the_mouse_again(readout, result):
    reader = TileReader(result)
    readout.read(reader.read(8, 0))
    followed = readout.texts
    readout.lock(reader.read(7, 0))

    readout.lock(None)
    emptied = (readout.heading, child(readout, "tile_place").text(), child(readout, "unlock_tile").isVisible())
    readout.read(reader.read(8, 0))

    assert emptied == ("Under the mouse", NOWHERE, False)
    assert readout.texts == followed


def test_another_result_has_its_own_lines_and_nothing_locked(readout, result):
    readout.lock(TileReader(result).read(7, 0))

    readout.show_result(a_result(prediction=a_prediction(30, S=2)))

    assert readout.texts == ("– – – –",) * 2
    assert not readout.locked


def test_every_value_has_a_name_for_a_screen_reader(readout):
    for what in ("attention", "place", "percentile", "evidence"):
        assert child(readout, f"{what}_1").accessibleName().startswith("Stage 2, ")
    assert child(readout, "unlock_tile").accessibleName()


def test_the_stage_that_claims_a_tile_is_named(readout, result):
    reader, claimed = TileReader(result), result.prediction.stages[1].claimed

    readout.read(reader.read(int(np.flatnonzero(claimed)[0]), 0))
    named = child(readout, "tile_claimed").text()
    readout.read(None)

    assert named == "claimed by stage 2"
    assert not child(readout, "tile_claimed").text()


def test_a_narrow_dock_does_without_percentiles_and_nothing_is_cut(result, qtbot):
    readout = ReadoutPanel()
    readout.show_result(result)
    column = ScrollColumn(readout)
    qtbot.addWidget(column)
    column.show()

    seen = {}
    column.setMinimumWidth(1)
    for width_px in (readout.minimumSizeHint().width() + 30, 900):
        column.resize(width_px, 300)
        for _ in range(3):
            QApplication.processEvents()
        seen[width_px] = child(readout, "percentile_0").isVisible(), readout.width() <= column.viewport().width()

    assert list(seen.values()) == [(False, True), (True, True)]
