"""Questions to the model, in the dock: asked, answered, undone, saved, drawn and clicked."""

from dataclasses import replace

import numpy as np
import pytest
from napari.layers import Shapes, Vectors

from msm_mil_core.explain.what_if import Question
from msm_mil_core.mil.predict import predict
from msm_mil_core.results.annotations import SavedQuestion
from napari_msm_mil.pages.what_if.controller import WhatIfController
from napari_msm_mil.pages.what_if.panel import WhatIfPanel
from napari_msm_mil.pages.what_if.saved_questions import SavedQuestions
from tests.models import a_bag, a_checkpoint, a_seeker
from tests.results import a_result, block_of_tiles
from tests.window.dock_user import RUN_MS, child, settle
from tests.window.pages.conftest import a_questionable_result

HOT = 8
"""The tile that decides, in `a_hot_result`."""


def a_hot_result():
    """A result whose answer hangs on one tile, over a block of 6 x 5 tiles."""
    hot, cold = np.ones(4, np.float32), -np.ones(4, np.float32)
    bag = np.tile(cold, (30, 1))
    bag[HOT] = hot
    return a_questionable_result(checkpoint=a_seeker(hot, cold), bag=bag, cols=6)


@pytest.fixture
def panel(qtbot):
    panel = WhatIfPanel()
    qtbot.addWidget(panel)
    panel.resize(430, 800)
    panel.show()
    return panel


@pytest.fixture
def what_if(layers, panel):
    what_if = WhatIfController(layers, panel)
    yield what_if
    what_if.stop()
    settle()


@pytest.fixture
def show(layers, what_if):
    """Show a result, and return it."""

    def show(result):
        layers.show(result, None)
        what_if.show_result(result)
        return result

    return show


@pytest.fixture
def saved(what_if):
    """The questions that are saved with the result, and listed, as the dock does."""
    saved = []

    def save(question):
        saved.append(question)
        what_if.show_questions(saved)

    def delete(index):
        del saved[index]
        what_if.show_questions(saved)

    what_if.save_requested.connect(save)
    what_if.delete_requested.connect(delete)
    return saved


def set_up(panel, verb, what, *, stage=0, percent=5.0):
    child(panel, "ask_verb").setCurrentText(verb)
    child(panel, "ask_what").setCurrentText(what)
    child(panel, "ask_stage").setCurrentIndex(stage)
    child(panel, "ask_percent").setValue(percent)


def test_before_a_question_the_panel_says_what_can_be_asked(panel, show):

    show(a_hot_result())

    assert "without a part of the slide" in panel.answer.text
    assert not child(panel, "ask_undo").isEnabled()
    assert not child(panel, "ask_probabilities").isVisible()
    assert not child(panel, "ask_keep").isVisible()


def test_the_answer_is_that_of_a_run_on_what_is_left(panel, show):
    checkpoint, bag = a_checkpoint(), a_bag(30)
    result = show(a_questionable_result(checkpoint=checkpoint, bag=bag))

    set_up(panel, "Without", "the tiles claimed by", stage=1)
    child(panel, "ask").click()

    alone = predict(checkpoint, bag[~result.prediction.stages[1].claimed], device="cpu")
    described = child(panel, "ask_probabilities").accessibleDescription()
    for name, was, now in zip(alone.classes, result.prediction.probabilities, alone.probabilities, strict=True):
        assert f"{name} {was:.3f} → {now:.3f}" in described
    assert "Without the tiles that stage 2 claims (27 of 30 tiles left)" in panel.answer.text


def test_steps_add_up_and_are_undone_and_redone(panel, show):
    show(a_questionable_result())

    set_up(panel, "Without", "the tiles claimed by", stage=0)
    child(panel, "ask").click()
    one = panel.answer.text
    set_up(panel, "Only", "the top tiles of", stage=2, percent=50)
    child(panel, "ask").click()
    two = panel.answer.text
    child(panel, "ask_undo").click()
    back = panel.answer.text
    child(panel, "ask_redo").click()
    again = panel.answer.text
    child(panel, "ask_restart").click()

    assert "only the top 50 % of stage 3" in two
    assert (back, again) == (one, two)
    assert not child(panel, "ask_redo").isEnabled()
    assert "without a part of the slide" in panel.answer.text


def test_a_question_that_leaves_nothing_is_explained_and_the_last_answer_stays(panel, show):
    show(a_questionable_result())
    set_up(panel, "Only", "the tiles claimed by", stage=0)
    child(panel, "ask").click()
    before = panel.answer.text

    set_up(panel, "Without", "the tiles claimed by", stage=0)
    child(panel, "ask").click()

    assert "Nothing is left to ask about" in panel.problem
    assert panel.answer.text == before


def test_a_clicked_tile_leaves_the_bag_and_comes_back(what_if, panel, show, viewer):
    result = show(a_hot_result())
    set_up(panel, "Without", "tiles that I click")
    child(panel, "ask").click()

    what_if.selection_tool.click(HOT)
    without = panel.answer.text
    outlined = [layer.name for layer in viewer.layers if isinstance(layer, Vectors)]
    what_if.selection_tool.click(HOT)

    assert result.prediction.winner == "hot"
    assert without.endswith("the model now says tissue.")
    assert any("Clicked tiles" in name for name in outlined)
    assert "without a part of the slide" in panel.answer.text


def test_a_region_is_answered_while_it_is_drawn_and_moved(panel, show, viewer, qtbot):
    show(a_hot_result())
    set_up(panel, "Without", "a region that I draw")
    child(panel, "ask").click()
    region = viewer.layers.selection.active

    def square(left_px0, top_px0):  # over two by two tiles of 100 px at 0.499 µm
        corners = np.add([[0, 0], [0, 200], [200, 200], [200, 0]], [top_px0, left_px0])
        return corners * 0.499

    region.add(square(200, 100), shape_type="polygon")  # rows 1 and 2, columns 2 and 3: tile 8 is in it
    qtbot.waitUntil(lambda: "the model now says tissue" in panel.answer.text)
    with_hot = panel.answer.text
    region.data = [square(0, 300)]
    qtbot.waitUntil(lambda: panel.answer.text != with_hot)

    assert isinstance(region, Shapes)
    assert "(26 of 30 tiles left)" in with_hot
    assert "the model now says" not in panel.answer.text
    assert "(26 of 30 tiles left)" in panel.answer.text


def test_a_region_off_the_tissue_is_explained(panel, show, viewer, qtbot):
    show(a_hot_result())
    set_up(panel, "Only", "a region that I draw")
    child(panel, "ask").click()

    viewer.layers.selection.active.add(np.array([[9000, 0], [9000, 50], [9050, 50]]), shape_type="polygon")

    qtbot.waitUntil(lambda: "off the tissue" in panel.problem)


def test_a_question_is_named_saved_asked_again_and_deleted(panel, show, saved, qtbot):
    show(a_hot_result())
    set_up(panel, "Without", "the top tiles of", stage=0, percent=3.0)
    child(panel, "ask").click()
    asked = panel.answer.text

    qtbot.keyClicks(child(panel, "ask_name"), "No gland")
    child(panel, "ask_keep").click()
    (question,) = saved
    child(panel, "ask_restart").click()
    child(panel, "kept_again").click()
    again = panel.answer.text
    line = child(panel, "kept_questions").item(0).text()
    child(panel, "kept_forget").click()

    assert str(question.question) == "No gland"
    assert question.left == 29
    assert line.startswith("No gland: hot ")
    assert again == asked
    assert not saved


def test_the_maps_of_an_answer_follow_it_and_go_with_it(what_if, panel, show, viewer):
    result = show(a_hot_result())
    set_up(panel, "Without", "the top tiles of", stage=0, percent=3.0)
    child(panel, "ask").click()

    child(panel, "ask_maps").click()
    maps = [layer for layer in viewer.layers if "what if" in layer.name]
    hot_is_blank = [np.isnan(layer.data[1, 2]) for layer in maps]
    child(panel, "ask_undo").click()
    back = [layer.data[1, 2] for layer in viewer.layers if "what if" in layer.name]
    what_if.show_result(None)

    assert len(maps) == len(result.prediction.stages)
    assert all(hot_is_blank)
    assert not np.isnan(back).any()
    assert not [layer for layer in viewer.layers if "what if" in layer.name]


@pytest.mark.parametrize(("search", "words"), [("flip", "change the answer"), ("sufficient", "suffice")])
def test_a_small_set_is_found_outlined_and_asked_about(panel, show, viewer, qtbot, search, words):
    show(a_hot_result())

    child(panel, f"search_{search}").click()
    qtbot.waitUntil(lambda: words in panel.answer.text.lower(), timeout=RUN_MS)

    assert any(words in layer.name for layer in viewer.layers if isinstance(layer, Vectors))
    left = "(29 of 30 tiles left)" if search == "flip" else "(1 of 30 tiles left)"
    assert left in panel.answer.text
    qtbot.waitUntil(child(panel, "search_flip").isVisible, timeout=RUN_MS)
    assert "cannot be spared" in panel.search.text


def test_a_first_set_is_shown_while_it_is_tried_whether_it_can_be_smaller(panel, show, viewer, qtbot):
    show(a_questionable_result(20_000))

    child(panel, "search_flip").click()
    qtbot.waitUntil(lambda: "Removing" in panel.search.text, timeout=RUN_MS)
    while_trying = panel.search.text
    child(panel, "search_stop").click()
    settle()

    assert "it is not known whether one can be spared" in while_trying
    assert "of at most 2,000 questions asked" in while_trying
    assert panel.search.text.startswith("Stopped. Removing ")
    assert "the model now says" in panel.answer.text
    assert any("change the answer" in layer.name for layer in viewer.layers if isinstance(layer, Vectors))


def test_a_search_can_be_stopped_and_says_so(panel, show):
    show(a_questionable_result(2000))

    child(panel, "search_sufficient").click()
    stoppable = child(panel, "search_stop").isVisible()
    child(panel, "search_stop").click()
    settle()

    assert stoppable
    assert panel.search.text == "Stopped."
    assert child(panel, "search_flip").isVisible()
    assert "without a part of the slide" in panel.answer.text


def test_a_search_that_was_left_does_not_show_on_another_result(what_if, panel, show, viewer):
    show(a_hot_result())
    child(panel, "search_flip").click()

    show(a_questionable_result())
    settle()

    assert panel.search.text == ""
    assert "without a part of the slide" in panel.answer.text
    assert not any(isinstance(layer, Vectors) and "change the answer" in layer.name for layer in viewer.layers)


def test_a_result_that_cannot_be_questioned_says_why(panel, show):
    result = a_result(block_of_tiles(6, 5))

    show(replace(result, model=replace(result.model, preset="paper")))

    assert "preset paper" in panel.problem
    assert not child(panel, "ask").isEnabled()
    assert not child(panel, "search_flip").isEnabled()


def test_each_result_has_its_own_question(what_if, panel, show):
    first = show(a_hot_result())
    set_up(panel, "Without", "the tiles claimed by", stage=0)
    child(panel, "ask").click()
    asked = panel.answer.text

    show(a_questionable_result())
    other = panel.answer.text
    what_if.show_result(first)

    assert "without a part of the slide" in other
    assert panel.answer.text == asked


def test_every_control_has_a_name_that_is_read_aloud(panel):

    for name in ("ask_verb", "ask_what", "ask_stage", "ask_percent", "ask_name", "kept_questions", "ask_probabilities"):
        assert child(panel, name).accessibleName(), name


def test_a_saved_question_that_states_other_classes_is_listed_without_its_answer(qtbot):
    saved = SavedQuestions()
    qtbot.addWidget(saved)
    question = Question()

    saved.show_questions(
        [SavedQuestion(question=question, left=1, before=(0.5,), after=(), at="2026-01-01T00:00:00+00:00")],
        ("cold", "hot"),
    )

    assert child(saved, "kept_questions").item(0).text() == str(question)
