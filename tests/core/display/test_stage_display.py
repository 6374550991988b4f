"""What is visible of a result: what the user requested always comes back after what was shown for a while."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.display.heatmap import CONTRASTS
from msm_mil_core.display.stage_display import (
    CLAIMED,
    SHARED,
    StageDisplay,
    StageSettings,
    named_stages,
    visible_layers,
)
from msm_mil_core.display.view_choice import with_all_stages

S = 3
EVERY_LAYER = frozenset({*range(S), CLAIMED, SHARED})
MAPS = ("evidence", "winner")

settings = st.builds(
    StageSettings,
    visible=st.booleans(),
    contrast=st.sampled_from(CONTRASTS),
    opacity=st.floats(0, 1),
    named=st.booleans(),
)
requests = st.builds(
    StageDisplay,
    stages=st.tuples(*[settings] * S),
    shared_scale=st.booleans(),
    top_percent=st.floats(0.1, 100),
    claimed=st.booleans(),
)
stages = st.integers(0, S - 1)
pairs = st.permutations(range(S)).map(lambda order: tuple(order[:2]))

detours = st.one_of(
    st.builds(lambda stage: lambda display: display.with_solo(stage), stages),
    st.builds(lambda pair: lambda display: display.with_blink(pair), pairs),
    st.just(lambda display: display.with_next_turn()),
    st.just(lambda display: display.with_cells({0, 1, 2})),
    st.just(lambda display: display.without_temporary()),
    st.builds(lambda maps: lambda display: display.with_layers(EVERY_LAYER | maps), st.sets(st.sampled_from(MAPS))),
)
"""Everything that passes: none of it is a request of the user."""


def the_first_stage(**changes):
    return StageDisplay(tuple(StageSettings(visible=index == 0) for index in range(S)), **changes)


def covered(display, *maps):
    return display.with_layers(EVERY_LAYER | set(maps or MAPS[:1]))


def seen(display):
    return sorted(key for key in visible_layers(display) if isinstance(key, int))


def ended(display):
    """End whatever passes."""
    return display.with_solo(None).with_layers(EVERY_LAYER)


@given(display=requests)
def test_what_the_user_requested_is_visible(display):
    requested = {index for index, each in enumerate(display.stages) if each.visible}

    assert visible_layers(display) - {SHARED} == requested | ({CLAIMED} if display.claimed else set())
    assert named_stages(display) == {index for index, each in enumerate(display.stages) if each.named}


@given(display=requests)
def test_stripes_are_there_where_the_tops_of_several_stages_lie_over_each_other(display):
    several = sum(each.visible for each in display.stages) > 1

    assert (SHARED in visible_layers(display)) == (several and display.top_percent < 100)
    assert SHARED not in visible_layers(display.with_layer_shown(SHARED, visible=False))
    assert SHARED not in visible_layers(display.with_solo(0))
    assert SHARED not in visible_layers(display.with_cells({0, 1, 2}))
    assert SHARED not in visible_layers(covered(display))


@given(display=requests, passing=st.lists(detours, max_size=8))
def test_whatever_passes_in_whatever_order_the_requests_come_back(display, passing):
    changed = display
    for detour in passing:
        changed = detour(changed)

    assert ended(changed) == display


@given(display=requests, before=st.lists(detours, max_size=4), pair=pairs)
def test_what_blinks_or_stands_side_by_side_leaves_no_trace(display, before, pair):
    for detour in before:
        display = detour(display)
    display = display.without_temporary()

    assert display.with_blink(pair).with_next_turn().without_temporary() == display
    assert display.with_cells({0, 1, 2}, titled=True).without_temporary() == display


@given(display=requests, solo=st.none() | stages, over=st.none() | stages)
def test_a_solo_over_another_map_leaves_no_trace(display, solo, over):
    display = covered(display)
    if over is not None:
        display = display.with_layer_shown(over, visible=True)
    shown = visible_layers(display)

    assert visible_layers(display.with_solo(solo).with_solo(None)) == shown


@given(display=requests, stage=stages)
def test_alone_one_stage_is_visible_and_named_and_the_outlines_stay(display, stage):
    display = display.with_solo(stage)

    assert visible_layers(display) - {CLAIMED} == {stage}
    assert named_stages(display) == {stage}
    assert (CLAIMED in visible_layers(display)) == display.claimed
    assert display.alone == stage


@given(display=requests, stage=stages, visible=st.booleans(), solo=stages)
def test_a_stage_shown_by_hand_ends_a_solo_and_what_is_seen_stands(display, stage, visible, solo):
    changed = display.with_solo(solo).with_layer_shown(stage, visible=visible)

    assert seen(changed) == sorted({solo} | {stage} if visible else {solo} - {stage})
    assert changed.alone is None
    assert changed.with_solo(solo).with_solo(None) == changed


def test_a_stage_shown_by_hand_ends_the_blinking():
    display = the_first_stage().with_blink((0, 1)).with_layer_shown(2, visible=True)

    assert display.blink is None
    assert seen(display) == [0, 2]


def test_a_map_hides_the_stages_until_the_last_one_is_removed():
    display = the_first_stage()

    one = covered(display, "winner")
    two = covered(one, "winner", "evidence")

    assert (seen(one), seen(two), seen(covered(two, "evidence"))) == ([], [], [])
    assert visible_layers(two) == {CLAIMED, "winner", "evidence"}
    assert covered(two, "evidence").with_layers(EVERY_LAYER) == display


def test_a_stage_shown_over_a_map_is_hidden_by_the_next_map_and_comes_back_in_the_end():
    shown = covered(the_first_stage(), "winner").with_layer_shown(1, visible=True)

    assert seen(shown) == [1]
    assert seen(covered(shown, "winner", "evidence")) == []
    assert seen(shown.with_layers(EVERY_LAYER)) == [0, 1]


def test_a_stage_that_is_alone_is_hidden_by_a_map_and_alone_again_after_it():
    alone = the_first_stage().with_solo(2)

    hidden = covered(alone)

    assert (seen(hidden), hidden.alone) == ([], None)
    assert hidden.with_layers(EVERY_LAYER) == alone
    assert seen(hidden.with_solo(2)) == [2]


def test_a_map_that_the_user_hides_still_covers():
    display = covered(the_first_stage(), "winner").with_layer_shown("winner", visible=False)

    assert visible_layers(display) == {CLAIMED}
    assert "winner" in visible_layers(display.with_layer_shown("winner", visible=True))


def test_side_by_side_just_the_layers_of_the_cells_are_visible():
    display = covered(the_first_stage()).with_cells({0, 1, 2}, titled=True)

    assert visible_layers(display) == {0, 1, 2}
    assert named_stages(display) == {0, 1, 2}
    assert display.side_by_side
    assert display.alone is None


def test_what_is_hidden_by_hand_side_by_side_was_hidden_for_a_while_only():
    before = the_first_stage()

    display = before.with_cells({0, 1, 2}).with_layer_shown(1, visible=False)

    assert visible_layers(display) == {0, 2}
    assert display.without_temporary() == before


@pytest.mark.parametrize(
    ("display", "pair", "expected"),
    [
        (the_first_stage(), None, (0, 1)),
        (the_first_stage().with_layer_shown(0, visible=False).with_layer_shown(2, visible=True), None, (2, 0)),
        (the_first_stage(), (1, 2), (1, 2)),
        (the_first_stage().with_layers(EVERY_LAYER - {1}), None, (0, 2)),
        (the_first_stage().with_layers(EVERY_LAYER - {1}), (0, 1), None),
        (StageDisplay((StageSettings(),)), None, None),
    ],
)
def test_the_pair_that_blinks_is_the_chosen_one_or_the_first_two_that_are_shown(display, pair, expected):
    assert display.with_blink(pair).blink == expected


def test_the_two_stages_take_turns():
    first = the_first_stage().with_blink((0, 2))

    assert [display.alone for display in (first, first.with_next_turn(), first.with_next_turn().with_next_turn())] == [
        0,
        2,
        0,
    ]


@pytest.mark.parametrize("start", [lambda display: display.with_solo(1), lambda display: display.with_blink((0, 1))])
def test_a_stage_that_is_removed_is_neither_alone_nor_blinks(start):
    display = start(the_first_stage()).with_layers(EVERY_LAYER - {1})

    assert seen(display) == [0]
    assert display.present == {0, 2}
    assert display.with_solo(1) == display
    assert display.with_layer_shown(1, visible=True) == display


def test_removed_outlines_are_neither_shown_nor_hidden():
    display = the_first_stage().with_layers(EVERY_LAYER - {CLAIMED})

    assert display.claimed_shown is None
    assert CLAIMED not in visible_layers(display)


@given(display=requests, before=st.lists(detours, max_size=4))
def test_a_result_hidden_for_another_shows_nothing_even_when_its_maps_are_removed(display, before):
    for detour in before:
        display = detour(display)

    assert not visible_layers(display.hidden())
    assert not visible_layers(display.hidden().with_layers(EVERY_LAYER))


@given(display=requests, kind=st.sampled_from(CONTRASTS), stage=stages)
def test_contrast_and_opacity_are_changed_for_one_stage_or_for_all(display, kind, stage):
    one = display.with_contrast(kind, stage).with_opacity(0.25, stage)
    every = display.with_contrast(kind).with_opacity(0.25)

    for index, (was, now) in enumerate(zip(display.stages, one.stages, strict=True)):
        assert now == (replace(was, contrast=kind, opacity=0.25) if index == stage else was)
    assert {(each.contrast, each.opacity) for each in every.stages} == {(kind, 0.25)}


def test_the_setting_of_a_stage_holds_its_contrast_and_what_all_stages_share():
    display = the_first_stage().with_contrast("log", 1).with_shared_scale(shared=True).with_top_percent(5)

    setting = display.contrast_setting(1)

    assert (setting.contrast, setting.shared, setting.top_percent) == ("log", True, 5)
    assert display.contrast_setting(0).contrast == "rank"


@given(
    display=requests,
    lone=st.sampled_from([lambda d: d.with_solo(1), lambda d: d.with_blink((0, 1)), lambda d: d.with_cells({0, 1, 2})]),
    percent=st.floats(0.1, 100),
)
def test_a_map_that_has_the_canvas_to_itself_is_whole_until_its_own_threshold_is_moved(display, lone, percent):
    alone = lone(display)
    moved = alone.with_top_percent(percent)

    assert alone.contrast_setting(1).top_percent == 100
    assert moved.contrast_setting(1).top_percent == percent
    assert moved.with_solo(None).contrast_setting(1).top_percent == display.top_percent


def test_a_map_over_a_hidden_one_gives_the_stages_back_when_it_goes():
    display = with_all_stages(covered(the_first_stage(), "evidence"))

    over = covered(display, "evidence", "winner")
    after = covered(over, "evidence")

    assert seen(display) == [0, 1, 2]
    assert visible_layers(over) & {0, 1, 2, *MAPS} == {"winner"}
    assert visible_layers(after) == visible_layers(display)


def test_the_stages_wait_while_another_map_is_still_shown():
    two = covered(covered(the_first_stage(), "evidence"), "evidence", "winner")

    assert seen(covered(two, "evidence")) == []
