"""Questions to the model, in the dock: asked, answered, undone, kept, drawn and clicked."""

from dataclasses import replace

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Shapes, Vectors
from qtpy.QtCore import QThreadPool

from msm_mil_core.mil.predict import predict, predict_bag
from napari_msm_mil.files.annotation_store import AnnotationStore
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from napari_msm_mil.pages.what_if.controller import WhatIfController
from napari_msm_mil.pages.what_if.panel import WhatIfPanel
from tests.models import a_bag, a_checkpoint, a_seeker
from tests.results import a_result, block_of_tiles
from tests.window.dock_user import RUN_MS, child, keep_apart

HOT = 8
"""The tile that decides, in `a_hot_result`."""


def questionable(checkpoint, bag, **changes):
    """A result that can be questioned, over a block of 6 x 5 tiles."""
    predicted = predict_bag(checkpoint, bag, device="cpu")
    result = a_result(block_of_tiles(6, len(bag) // 6), prediction=predicted.prediction)
    return replace(result, tile_outputs=predicted.tile_outputs, **changes)


def a_hot_result():
    hot, cold = np.ones(4, np.float32), -np.ones(4, np.float32)
    bag = np.tile(cold, (30, 1))
    bag[HOT] = hot
    return questionable(a_seeker(hot, cold), bag)


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def desk(qtbot, viewer, monkeypatch, tmp_path):
    keep_apart(monkeypatch, tmp_path)
    layers, panel = ViewerLayers(viewer), WhatIfPanel()
    qtbot.addWidget(panel)
    notes = AnnotationStore(panel)
    asking = WhatIfController(layers, panel, notes)

    def show(result):
        layers.show(result, None)
        notes.begin(result, None)
        asking.show_result(result)
        return result

    panel.resize(430, 800)
    panel.show()
    yield asking, panel, notes, show
    asking.stop()
    layers.stop()
    notes.flush()
    assert QThreadPool.globalInstance().waitForDone(RUN_MS)


def choose(panel, verb, what, *, stage=0, percent=5.0):
    child(panel, "ask_verb").setCurrentText(verb)
    child(panel, "ask_what").setCurrentText(what)
    child(panel, "ask_stage").setCurrentIndex(stage)
    child(panel, "ask_percent").setValue(percent)


def test_before_a_question_the_panel_says_what_can_be_asked(desk):
    _, panel, _, show = desk

    show(a_hot_result())

    assert "without a part of the slide" in panel.answer.text
    assert not child(panel, "ask_undo").isEnabled()
    assert not child(panel, "ask_probabilities").isVisible()
    assert not child(panel, "ask_keep").isVisible()


def test_the_answer_is_that_of_a_run_on_what_is_left(desk):
    _, panel, _, show = desk
    checkpoint, bag = a_checkpoint(), a_bag(30)
    result = show(questionable(checkpoint, bag))

    choose(panel, "Without", "the tiles claimed by", stage=1)
    child(panel, "ask").click()

    alone = predict(checkpoint, bag[~result.prediction.stages[1].claimed], device="cpu")
    told = child(panel, "ask_probabilities").accessibleDescription()
    for name, was, now in zip(alone.classes, result.prediction.probabilities, alone.probabilities, strict=True):
        assert f"{name} {was:.3f} → {now:.3f}" in told
    assert "Without the tiles that stage 2 claims (27 of 30 tiles left)" in panel.answer.text


def test_steps_add_up_and_are_undone_and_redone(desk):
    _, panel, _, show = desk
    show(questionable(a_checkpoint(), a_bag(30)))

    choose(panel, "Without", "the tiles claimed by", stage=0)
    child(panel, "ask").click()
    one = panel.answer.text
    choose(panel, "Only", "the top tiles of", stage=2, percent=50)
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


def test_a_question_that_leaves_nothing_is_explained_and_the_last_answer_stays(desk):
    _, panel, _, show = desk
    show(questionable(a_checkpoint(), a_bag(30)))
    choose(panel, "Only", "the tiles claimed by", stage=0)
    child(panel, "ask").click()
    before = panel.answer.text

    choose(panel, "Without", "the tiles claimed by", stage=0)
    child(panel, "ask").click()

    assert "Nothing is left to ask about" in panel.problem
    assert panel.answer.text == before


def test_a_clicked_tile_leaves_the_bag_and_comes_back(desk, viewer):
    asking, panel, _, show = desk
    result = show(a_hot_result())
    choose(panel, "Without", "tiles that I click")
    child(panel, "ask").click()

    asking.pointing.click(HOT)
    without = panel.answer.text
    outlined = [layer.name for layer in viewer.layers if isinstance(layer, Vectors)]
    asking.pointing.click(HOT)

    assert result.prediction.winner == "hot"
    assert without.endswith("the model now says tissue.")
    assert any("Clicked tiles" in name for name in outlined)
    assert "without a part of the slide" in panel.answer.text


def test_a_region_is_answered_while_it_is_drawn_and_moved(desk, viewer, qtbot):
    _, panel, _, show = desk
    show(a_hot_result())
    choose(panel, "Without", "a region that I draw")
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


def test_a_region_off_the_tissue_is_explained(desk, viewer, qtbot):
    _, panel, _, show = desk
    show(a_hot_result())
    choose(panel, "Only", "a region that I draw")
    child(panel, "ask").click()

    viewer.layers.selection.active.add(np.array([[9000, 0], [9000, 50], [9050, 50]]), shape_type="polygon")

    qtbot.waitUntil(lambda: "off the tissue" in panel.problem)


def test_a_question_is_named_kept_asked_again_and_forgotten(desk, qtbot):
    _, panel, notes, show = desk
    result = show(a_hot_result())
    choose(panel, "Without", "the top tiles of", stage=0, percent=3.0)
    child(panel, "ask").click()
    asked = panel.answer.text

    qtbot.keyClicks(child(panel, "ask_name"), "No gland")
    child(panel, "ask_keep").click()
    (kept,) = notes.of(result).questions
    child(panel, "ask_restart").click()
    child(panel, "kept_again").click()
    again = panel.answer.text
    line = child(panel, "kept_questions").item(0).text()
    child(panel, "kept_forget").click()

    assert str(kept.question) == "No gland"
    assert kept.left == 29
    assert line.startswith("No gland: hot ")
    assert again == asked
    assert not notes.of(result).questions


def test_the_maps_of_an_answer_follow_it_and_go_with_it(desk, viewer):
    asking, panel, _, show = desk
    result = show(a_hot_result())
    choose(panel, "Without", "the top tiles of", stage=0, percent=3.0)
    child(panel, "ask").click()

    child(panel, "ask_maps").click()
    maps = [layer for layer in viewer.layers if "What if" in layer.name]
    hot_is_blank = [np.isnan(layer.data[1, 2]) for layer in maps]
    child(panel, "ask_undo").click()
    back = [layer.data[1, 2] for layer in viewer.layers if "What if" in layer.name]
    asking.show_result(None)

    assert len(maps) == len(result.prediction.stages)
    assert all(hot_is_blank)
    assert not np.isnan(back).any()
    assert not [layer for layer in viewer.layers if "What if" in layer.name]


@pytest.mark.parametrize(("search", "words"), [("flip", "changes the answer"), ("sufficient", "suffices")])
def test_the_smallest_set_is_found_outlined_and_asked_about(desk, viewer, qtbot, search, words):
    _, panel, _, show = desk
    show(a_hot_result())

    child(panel, f"search_{search}").click()
    qtbot.waitUntil(lambda: words in panel.answer.text, timeout=RUN_MS)

    assert any(words in layer.name for layer in viewer.layers if isinstance(layer, Vectors))
    left = "(29 of 30 tiles left)" if search == "flip" else "(1 of 30 tiles left)"
    assert left in panel.answer.text
    assert child(panel, "search_flip").isVisible()


def test_a_result_that_cannot_be_questioned_says_why_and_keeps_its_notes(desk):
    _, panel, _, show = desk
    result = a_result(block_of_tiles(6, 5))

    show(replace(result, model=replace(result.model, preset="paper")))

    assert "preset paper" in panel.problem
    assert not child(panel, "ask").isEnabled()
    assert not child(panel, "search_flip").isEnabled()


def test_each_result_keeps_its_own_question(desk):
    asking, panel, _, show = desk
    first = show(a_hot_result())
    choose(panel, "Without", "the tiles claimed by", stage=0)
    child(panel, "ask").click()
    asked = panel.answer.text

    show(questionable(a_checkpoint(), a_bag(30)))
    other = panel.answer.text
    asking.show_result(first)

    assert "without a part of the slide" in other
    assert panel.answer.text == asked


def test_every_control_has_a_name_that_is_read_aloud(desk):
    _, panel, _, _ = desk

    for name in ("ask_verb", "ask_what", "ask_stage", "ask_percent", "ask_name", "kept_questions", "ask_probabilities"):
        assert child(panel, name).accessibleName(), name
