"""All stages, one stage, or the evidence: what is chosen, and that no other map is left over it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.display.stage_display import CLAIMED, EVIDENCE, SHARED, StageDisplay, StageSettings, visible_layers
from msm_mil_core.display.view_choice import TOP_PERCENT, chosen_view, with_all_stages, with_one_stage

S = 3
OURS = frozenset({*range(S), CLAIMED, SHARED})
MAPS = (EVIDENCE, "winner")

displays = st.builds(
    lambda visible, top_percent, maps, solo: (
        StageDisplay(tuple(map(StageSettings, visible)), top_percent=top_percent)
        .with_layers(OURS)
        .with_solo(solo)
        .with_layers(OURS | maps)
    ),
    st.tuples(*[st.booleans()] * S),
    st.sampled_from([1.0, 20.0, 100.0]),
    st.frozensets(st.sampled_from(MAPS)),
    st.none() | st.integers(0, S - 1),
)
passing = st.sampled_from(
    [
        lambda display: display,
        lambda display: display.with_blink((0, 2)),
        lambda display: display.with_cells({0, 1, 2}),
        lambda display: display.with_layer_shown(1, visible=True),
    ]
)


def seen(display):
    return visible_layers(display) - {CLAIMED}


@given(display=displays, before=passing)
def test_all_stages_are_their_top_tiles_and_nothing_else(display, before):
    shown = with_all_stages(before(display))

    assert chosen_view(shown) == "all stages"
    assert seen(shown) == {0, 1, 2, SHARED}
    assert shown.shown_percent == (TOP_PERCENT if display.top_percent == 100 else display.top_percent)


@given(display=displays, before=passing, stage=st.integers(0, S - 1))
def test_one_stage_is_its_whole_map_and_nothing_else_until_it_is_released(display, before, stage):
    display = before(display)
    shown = with_one_stage(display, stage)

    assert chosen_view(shown) == "one stage"
    assert seen(shown) == {stage}
    assert shown.shown_percent == 100
    assert seen(shown.with_solo(None)) - {SHARED} == {at for at, each in enumerate(display.stages) if each.visible}


@given(display=displays)
def test_evidence_that_comes_is_chosen_and_gives_way_to_the_stages(display):
    shown = with_all_stages(display.with_layers(OURS)).with_layers(OURS | {EVIDENCE})

    assert chosen_view(shown) == "evidence"
    assert seen(shown) == {EVIDENCE}
    assert chosen_view(with_all_stages(shown)) == "all stages"
    assert chosen_view(with_one_stage(shown, 1)) == "one stage"


@given(display=displays)
def test_evidence_that_is_asked_for_again_is_shown_again(display):
    hidden = with_one_stage(with_all_stages(display.with_layers(OURS)).with_layers(OURS | {EVIDENCE}), 2)

    again = hidden.with_layers(OURS).with_layers(OURS | {EVIDENCE})

    assert chosen_view(again) == "evidence"


@pytest.mark.parametrize(
    "change",
    [
        lambda display: display.with_blink((0, 1)),
        lambda display: display.with_cells({0, 1, 2}),
        lambda display: display.with_layer_shown(1, visible=False),
        lambda display: display.with_layers(OURS | {"winner"}),
        lambda display: display.hidden(),
    ],
)
def test_what_passes_some_of_the_stages_and_other_maps_are_none_of_the_three(change):
    assert chosen_view(change(with_all_stages(StageDisplay((StageSettings(),) * S)))) is None


def test_a_single_stage_is_one_stage_and_whole():
    shown = with_all_stages(StageDisplay((StageSettings(),)))

    assert chosen_view(shown) == "one stage"
    assert (seen(shown), shown.shown_percent) == ({0}, 100)


def test_a_stage_without_a_layer_is_neither_shown_nor_waited_for():
    display = with_all_stages(StageDisplay((StageSettings(),) * S)).with_layers(OURS - {1})

    assert chosen_view(display) == "all stages"
    assert with_one_stage(display, 1) == display
