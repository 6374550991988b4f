"""The choice of what the canvas shows, and the sentence that goes with it."""

import pytest

from msm_mil_core.display.role_words import RoleWords
from msm_mil_core.display.stage_display import CLAIMED, EVIDENCE, SHARED, StageDisplay, StageSettings
from msm_mil_core.display.view_choice import with_all_stages, with_one_stage
from napari_msm_mil.pages.stages.view_choice_bar import ViewChoiceBar
from napari_msm_mil.pages.stages.view_text import what_is_shown
from tests.results import a_prediction
from tests.window.dock_user import child

ALL = with_all_stages(StageDisplay((StageSettings(),) * 3))
WORDS = RoleWords(
    kinds=("for", "context", "against"),
    roles=("for tumour", "context", "against tumour"),
    marks=("", "", ""),
    sentences=("Stage 1 argues.", "Stage 2 is context.", "Stage 3 argues against."),
)


@pytest.fixture
def bar(qtbot):
    bar = ViewChoiceBar()
    qtbot.addWidget(bar)
    bar.show_prediction(a_prediction(30))
    bar.show_class("tumour")
    bar.show_display(ALL)
    return bar


def chosen(bar):
    return [control.objectName() for control in bar.controls if control.isChecked()]


@pytest.mark.parametrize("name", ["all", "one", "evidence"])
def test_every_view_is_one_press_away(bar, qtbot, name):
    with qtbot.waitSignal(getattr(bar, f"{name}_requested")):
        child(bar, f"view_{name}").click()


@pytest.mark.parametrize(
    ("display", "name"),
    [
        (ALL, ["view_all"]),
        (with_one_stage(ALL, 1), ["view_one"]),
        (ALL.with_layers({0, 1, 2, CLAIMED, SHARED, EVIDENCE}), ["view_evidence"]),
        (ALL.with_blink((0, 1)), []),
        (ALL.with_layer_shown(0, visible=False), []),
    ],
)
def test_the_button_of_what_is_shown_is_down(bar, display, name):
    bar.show_display(display)

    assert chosen(bar) == name


def test_the_evidence_is_named_after_the_class(bar):
    assert child(bar, "view_evidence").accessibleName() == "Evidence for tumour"


def test_where_there_is_no_evidence_the_button_says_why(bar):
    bar.show_class("tumour", "Its tiles change each other.")

    assert not child(bar, "view_evidence").isEnabled()
    assert "Its tiles change each other." in child(bar, "view_evidence").toolTip()


def test_of_one_stage_there_is_its_attention_and_the_evidence(bar):
    bar.show_prediction(a_prediction(30, S=1))
    bar.show_display(with_all_stages(StageDisplay((StageSettings(),))))

    assert not child(bar, "view_all").isVisibleTo(bar)
    assert child(bar, "view_one").text() == "Attention"
    assert chosen(bar) == ["view_one"]


def test_attention_that_says_nothing_cannot_be_chosen(bar):
    mean = a_prediction(30, S=1)
    mean.stages[0].attention[:] = 1 / 30
    bar.show_prediction(mean)
    bar.show_display(with_all_stages(StageDisplay((StageSettings(),))))

    assert not child(bar, "view_one").isEnabled()
    assert "Every tile counts the same" in child(bar, "view_one").toolTip()


@pytest.mark.parametrize(
    ("display", "text"),
    [
        (ALL, "The top 5 % of each stage by attention, in its own colour."),
        (ALL.with_top_percent(100), "All tiles of each stage by attention, in its own colour."),
        (with_one_stage(ALL, 1), "Stage 2 is context."),
        (ALL.with_layers({0, 1, 2, EVIDENCE}), "Orange tiles speak for the class"),
        (ALL.with_blink((0, 1)), ""),
    ],
)
def test_a_sentence_says_how_to_read_what_is_shown(display, text):
    said = what_is_shown(display, WORDS)

    assert said.startswith(text)
    assert bool(said) == bool(text)


@pytest.mark.parametrize("display", [ALL, with_one_stage(ALL, 1), ALL.with_blink((0, 1))])
def test_where_no_role_can_be_given_the_reason_is_always_there(display):
    reason = "In its model tiles change each other."

    assert reason in what_is_shown(display, RoleWords(why_not=reason))
