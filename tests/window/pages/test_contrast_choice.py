"""How values are spread over the colours: what can be chosen, and that the legend always says it."""

from dataclasses import replace

import numpy as np
import pytest

from msm_mil_core.display.heatmap import CONTRASTS, contrast_label
from msm_mil_core.display.stage_display import StageDisplay, StageSettings
from napari_msm_mil.pages.stages.contrast_choice import ContrastChoice
from tests.results import a_prediction
from tests.window.dock_user import child

ALL_SEEN = StageDisplay((StageSettings(),) * 3)


@pytest.fixture
def prediction():
    return a_prediction(40, S=3, masks=True)


@pytest.fixture
def choice(qtbot, prediction):
    choice = ContrastChoice()
    qtbot.addWidget(choice)
    choice.show_prediction(prediction)
    choice.show_display(ALL_SEEN)
    return choice


def legend(choice):
    return child(choice, "legend").text()


def shown(prediction):
    return [int(np.isfinite(stage.attention).sum()) for stage in prediction.stages]


def test_contrast_is_requested_for_all_stages_or_for_one(choice, qtbot):
    with qtbot.waitSignal(choice.requested) as of_all:
        pick(child(choice, "contrast"), "percentile")
    child(choice, "contrast_stage").setCurrentText("Stage 2")
    with qtbot.waitSignal(choice.requested) as of_one:
        pick(child(choice, "contrast"), "raw")

    assert of_all.args == [-1, "percentile"]
    assert of_one.args == [1, "raw"]


def test_the_legend_says_what_the_colours_show_and_over_how_many_tiles(choice, prediction):
    assert len(set(shown(prediction))) == 3
    for index, tiles in enumerate(shown(prediction)):
        assert f"Stage {index + 1}: attention, rank over the {tiles} tiles shown" in legend(choice)
    assert "Each stage on a scale of its own" in legend(choice)


@pytest.mark.parametrize("kind", CONTRASTS)
def test_a_common_scale_is_explained_once_for_all_stages(choice, prediction, kind):
    choice.show_display(ALL_SEEN.with_contrast(kind).with_shared_scale(shared=True))

    assert "All stages on one scale" in legend(choice)
    if kind in ("rank", "percentile"):
        assert f"Stages 1, 2 and 3: {contrast_label(kind, sum(shown(prediction)), shared=True)}" in legend(choice)


def test_stages_that_are_not_seen_are_not_in_the_legend(choice):
    choice.show_display(replace(ALL_SEEN, missing=frozenset({2})).with_layer_shown(0, visible=False))

    assert "Stage 2" in legend(choice)
    assert "Stage 1" not in legend(choice)
    assert "Stage 3" not in legend(choice)


def test_where_nothing_is_seen_the_legend_says_so(choice):
    choice.show_display(ALL_SEEN.hidden())

    assert legend(choice) == "No stage is shown."


def test_a_threshold_is_in_the_legend(choice):
    choice.show_display(ALL_SEEN.with_top_percent(7.5))

    assert "top 7.5 %" in legend(choice)


def test_the_colours_of_a_stage_alone_are_named(choice):
    choice.show_display(ALL_SEEN.with_solo(0))

    assert legend(choice).startswith("Pale yellow to dark blue")


def test_mixed_contrasts_are_explained_stage_by_stage(choice):
    choice.show_display(ALL_SEEN.with_contrast("raw", 0).with_contrast("log", 1).with_contrast("percentile", 2))

    assert [word in legend(choice) for word in ("raw values", "log10", "percentile of")] == [True] * 3
    assert child(choice, "contrast").currentText() == ""
    child(choice, "contrast_stage").setCurrentText("Stage 2")
    assert child(choice, "contrast").currentText() == "log"


def pick(box, text):
    """Choose as a user does: only a user's choice emits `activated`."""
    box.setCurrentText(text)
    box.activated.emit(box.currentIndex())
