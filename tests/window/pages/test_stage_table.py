"""The table of stages, its colours and its legend."""

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QLabel

from msm_mil_core.display.role_words import RoleWords
from msm_mil_core.display.stage_display import CLAIMED, StageDisplay, StageSettings
from msm_mil_core.display.view_choice import with_all_stages, with_one_stage
from napari_msm_mil.pages.stages.display_bar import TOPS
from napari_msm_mil.pages.stages.stage_table import StageTable
from napari_msm_mil.widgets.eliding_label import ElidingLabel
from tests.results import a_prediction
from tests.window.dock_user import child

WORDS = RoleWords(
    kinds=("for", "context", "against"),
    roles=("for tumour", "context", "against tumour"),
    marks=("", "adds nothing here", ""),
    sentences=("Stage 1 argues for it.", "Stage 2 is context.", "Stage 3 argues against it."),
)


@pytest.fixture
def prediction():
    return a_prediction(40, S=3, masks=True)


@pytest.fixture
def table(qtbot, prediction):
    table = StageTable()
    qtbot.addWidget(table)
    table.show_prediction(prediction)
    table.show_display(a_display())
    return table


def a_display(*, visible=(True, False, False), **changes):
    return StageDisplay(tuple(StageSettings(visible=each) for each in visible), **changes)


def test_the_table_shows_weight_claims_and_effective_tiles_of_each_stage(table, prediction):
    texts = {label.text() for label in table.findChildren(QLabel)}

    for stage in prediction.stages:
        assert f"{stage.beta:.3f}" in texts
        assert f"{stage.claimed.sum():,}" in texts
        assert f"{stage.effective_tiles:,.0f}" in texts


def test_ticks_follow_the_layers(table):
    display = a_display(visible=(False, True, True), claimed=False)

    table.show_display(display)
    ticked = [child(table, f"show_{n}").isChecked() for n in range(3)]
    table.show_display(display.with_solo(2))

    assert ticked == [False, True, True]
    assert [child(table, f"show_{n}").isChecked() for n in range(3)] == [False, False, True]
    assert [child(table, f"solo_{n}").isChecked() for n in range(3)] == [False, False, True]
    assert not child(table, "claimed_visible").isChecked()


def test_a_tick_is_a_request_and_nothing_more(table, qtbot):
    with qtbot.waitSignal(table.visible_requested) as request:
        qtbot.keyClick(child(table, "show_1"), Qt.Key.Key_Space)

    assert request.args == [1, True]


def test_solo_and_outlines_are_requests_too(table, qtbot):
    with qtbot.waitSignal(table.alone_requested) as alone:
        child(table, "solo_2").click()
    with qtbot.waitSignal(table.claimed_requested) as claimed:
        child(table, "claimed_visible").click()

    assert alone.args == [2, True]
    assert claimed.args == [False]


def test_a_stage_without_a_layer_cannot_be_operated(table):
    table.show_display(a_display(missing=frozenset({2, CLAIMED})))

    assert [child(table, f"show_{n}").isEnabled() for n in range(3)] == [True, True, False]
    assert [child(table, f"solo_{n}").isEnabled() for n in range(3)] == [True, True, False]
    assert not child(table, "claimed_visible").isEnabled()


def test_another_prediction_replaces_the_lines(table, qtbot):
    table.show_prediction(a_prediction(30, S=2))
    table.show_display(a_display(visible=(True, False)))

    qtbot.waitUntil(lambda: table.findChild(QCheckBox, "show_2") is None)
    assert child(table, "contrast_stage").count() == 3


def test_every_control_has_a_name_for_a_screen_reader(table):
    for control in table.controls:
        assert control.accessibleName() or control.text()
    assert child(table, "show_0").accessibleName() == "Show Stage 1"


def test_no_two_controls_have_one_name(table):
    names = [control.objectName() for control in table.controls]

    assert all(names)
    assert len(set(names)) == len(names)


def test_sliders_are_requests_and_show_their_values(table, qtbot):
    with qtbot.waitSignal(table.bar.opacity_requested) as opacity:
        child(table, "opacity").setValue(40)
    with qtbot.waitSignal(table.bar.top_requested) as top:
        child(table, "top").setValue(TOPS.index(10))
    table.show_display(a_display(top_percent=10).with_opacity(0.4))

    assert (opacity.args, top.args) == ([0.4], [10.0])
    assert {"40 %", "top 10 %"} <= {label.text() for label in table.findChildren(QLabel)}


def test_showing_a_display_requests_nothing(table, qtbot):
    with qtbot.assertNotEmitted(table.bar.opacity_requested), qtbot.assertNotEmitted(table.bar.top_requested):
        table.show_display(a_display(top_percent=1).with_opacity(0.1))

    assert child(table, "top").value() == TOPS.index(1)


def test_blink_side_by_side_and_keys_are_requests(table, qtbot):
    for name in ("blink", "side_by_side", "keys"):
        with qtbot.waitSignal(getattr(table.bar, f"{name}_requested")):
            child(table, "keys_help" if name == "keys" else name).click()


def test_every_pair_can_be_chosen_to_blink(table, qtbot):
    pairs = child(table, "blink_pairs").actions()
    at_first = table.bar.pair

    with qtbot.waitSignal(table.bar.pair_requested) as chosen:
        pairs[-1].trigger()

    assert at_first is None
    assert [pair.text() for pair in pairs[1:]] == ["Stages 1 and 2", "Stages 1 and 3", "Stages 2 and 3"]
    assert chosen.args == [(1, 2)]
    assert table.bar.pair == (1, 2)


def test_of_a_single_stage_nothing_is_offered_that_compares_stages(table):
    table.show_prediction(a_prediction(30, S=1))
    table.show_display(a_display(visible=(True,)))

    for name in ("blink", "side_by_side", "shared", "solo_0", "contrast_stage", "view_all"):
        assert not child(table, name).isVisibleTo(table), name
    for name in ("show_0", "view_one", "view_evidence", "top", "opacity", "contrast", "claimed_visible"):
        assert child(table, name).isVisibleTo(table), name


def test_what_each_stage_is_for_stands_below_its_name_and_its_sentence_is_the_tooltip(table):
    table.show_roles(WORDS)

    labels = [child(table, f"role_{n}") for n in range(3)]
    assert [label.text() for label in labels] == ["for tumour", "context · adds nothing here", "against tumour"]
    assert [label.toolTip() for label in labels] == list(WORDS.sentences)
    assert all(label.isVisibleTo(table) for label in labels)
    assert child(table, "show_1").toolTip() == WORDS.sentences[1]


def test_before_the_roles_are_known_and_of_another_prediction_none_stands_there(table):
    before = child(table, "role_0").isVisibleTo(table)
    table.show_roles(WORDS)
    table.show_prediction(a_prediction(30, S=3, seed=1))

    assert not before
    assert not table.findChildren(ElidingLabel, "role_0")[-1].text()


def test_the_sentence_of_the_stage_that_is_shown_alone_stands_below_the_table(table):
    table.show_roles(WORDS)
    table.show_display(with_one_stage(a_display(visible=(True, True, True)), 2))
    alone = child(table, "view_text").text()
    table.show_display(with_all_stages(a_display()))

    assert alone == WORDS.sentences[2]
    assert child(table, "view_text").text() == "The top 5 % of each stage by attention, in its own colour."


def test_the_legend_says_what_each_stage_is_for(table):
    table.show_display(with_all_stages(a_display()))
    table.show_roles(WORDS)

    legend = child(table, "legend").text()
    assert all(f"{n + 1} ({WORDS.roles[n]})" in legend for n in range(3))


def test_how_to_read_is_folded_until_it_is_asked_for(table):
    text = child(table, "how_to_read_text")
    folded = text.isVisibleTo(table)

    child(table, "how_to_read").click()

    assert not folded
    assert text.isVisibleTo(table)
    assert 3 <= text.text().count(".") <= 5
    for word in ("evidence", "colour", "context", "weight"):
        assert word in text.text()
