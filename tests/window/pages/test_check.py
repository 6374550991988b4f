"""The page that checks whether what stages look at matters, over layers without a window."""

from dataclasses import replace

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QThreadPool
from qtpy.QtWidgets import QAbstractButton, QComboBox, QWidget

from msm_mil_core.display.heatmap import rasterise
from msm_mil_core.explain.attribution import METHODS, attribute
from msm_mil_core.explain.faithfulness import FaithfulnessOptions, measure_faithfulness
from msm_mil_core.mil.predict import predict_bag
from msm_mil_core.progress import finish
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from napari_msm_mil.pages.check.controller import ATTRIBUTION, CheckController
from napari_msm_mil.pages.check.panel import NOTHING_CHECKED, CheckPanel
from tests.models import a_bag, a_checkpoint
from tests.results import a_prediction, a_result, block_of_tiles
from tests.window.dock_user import child

WAIT_MS = 30_000


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def layers(qtbot, viewer):
    layers = ViewerLayers(viewer)
    yield layers
    layers.stop()


@pytest.fixture
def panel(qtbot):
    panel = CheckPanel()
    qtbot.addWidget(panel)
    panel.resize(430, 700)
    return panel


@pytest.fixture
def checking(layers, panel):
    checking = CheckController(layers, panel)
    yield checking
    checking.stop()
    assert QThreadPool.globalInstance().waitForDone(20_000)


@pytest.fixture
def show(layers, checking):
    """Show results one after the other; the last one stays."""

    def show(*results):
        for result in results:
            layers.show(result, None)
            checking.show_result(result)

    return show


@pytest.fixture
def check(qtbot, panel):
    """Press the button, and wait for what comes out."""

    def check():
        child(panel, "check").click()
        wait_for_check(qtbot, panel)

    return check


def remembered(N=30, *, seed=0, **changes):
    """A result that can be questioned."""
    predicted = predict_bag(a_checkpoint(seed=seed, **changes), a_bag(N), device="cpu")
    return replace(
        a_result(block_of_tiles(10, N // 10), prediction=predicted.prediction), tile_outputs=predicted.tile_outputs
    )


def wait_for_check(qtbot, panel):
    qtbot.waitUntil(lambda: panel.text.startswith("The model says "), timeout=WAIT_MS)


def wait_for_attribution(qtbot, panel):
    qtbot.waitUntil(lambda: panel.attribution.text.startswith("Rank correlation"), timeout=WAIT_MS)


def shown(panel, name):
    return child(panel, name).isVisibleTo(panel)


def choose(panel: QWidget, name: str, index: int) -> None:
    box = child(panel, name)
    box.setCurrentIndex(index)
    box.activated.emit(index)


def test_before_anything_is_checked_there_is_a_button_and_a_sentence(panel, show):
    show(remembered())

    assert panel.text == NOTHING_CHECKED
    assert child(panel, "check").isEnabled()
    assert not any(shown(panel, name) for name in ("check_stop", "check_effects", "faithfulness_figure", "spread_0"))


def test_a_check_says_in_plain_words_what_each_stage_is_worth(panel, show, check):
    result = remembered()
    show(result)

    check()

    found = finish(measure_faithfulness(result.tile_outputs, FaithfulnessOptions()))
    assert panel.effects == "\n".join(found.sentences)
    assert child(panel, "check_areas").text() == found.areas_summary
    assert child(panel, "spread_2").text().startswith("Spread of stage 3: rank stability ")
    assert "runs with 20 % of the tiles missing" in child(panel, "check_stability").text()


def test_curves_are_drawn_as_wide_as_the_panel_and_told_to_screen_readers(qtbot, panel, show, check):
    show(remembered())
    check()
    panel.show()

    figure = child(panel, "faithfulness_figure")
    qtbot.waitUntil(lambda: abs(figure.pixmap().width() - panel.width()) < 30)

    assert figure.pixmap().width() == figure.contentsRect().width() * figure.devicePixelRatioF()
    assert figure.accessibleDescription() == child(panel, "check_areas").text()


def test_a_check_can_be_stopped(qtbot, panel, show):
    show(remembered(2000))

    child(panel, "check").click()
    stoppable = shown(panel, "check_stop")
    child(panel, "check_stop").click()

    assert stoppable
    assert QThreadPool.globalInstance().waitForDone(20_000)
    qtbot.wait(50)
    assert panel.text == "Stopped."
    assert shown(panel, "check")
    assert not shown(panel, "check_effects")


def test_what_was_checked_is_there_again_when_its_result_is(panel, checking, show, check):
    first, second = remembered(), remembered(seed=1)
    show(first)
    check()
    effects = panel.effects
    show(second)
    of_second = panel.text, shown(panel, "check_effects")

    checking.show_result(first)

    assert of_second == (NOTHING_CHECKED, False)
    assert panel.effects == effects
    assert shown(panel, "check_effects")


def test_another_result_is_not_told_of_a_check_that_was_left(qtbot, panel, show):
    show(remembered(2000))
    child(panel, "check").click()
    show(remembered(seed=1))

    assert QThreadPool.globalInstance().waitForDone(20_000)
    qtbot.wait(50)

    assert panel.text == NOTHING_CHECKED
    assert shown(panel, "check")


def test_another_result_can_be_checked_while_the_first_one_still_stops(qtbot, panel, show, check):
    second = remembered(seed=1)
    show(remembered(2000))
    child(panel, "check").click()
    show(second)

    check()

    found = finish(measure_faithfulness(second.tile_outputs, FaithfulnessOptions()))
    assert panel.effects == "\n".join(found.sentences)


@pytest.mark.parametrize(("preset", "why"), [("paper", "tiles change each other"), ("default", "written before")])
def test_a_result_without_memory_says_why_it_cannot_be_checked(qtbot, panel, show, preset, why):
    show(remembered(2000))
    child(panel, "check").click()
    show(a_result(prediction=a_prediction(30), preset=preset))

    assert QThreadPool.globalInstance().waitForDone(20_000)
    qtbot.wait(50)

    assert why in panel.text
    assert not child(panel, "check").isEnabled()
    assert not child(panel, "attribution_visible").isEnabled()


def test_a_result_with_memory_can_be_checked_after_one_without(panel, show):
    show(a_result(prediction=a_prediction(30)), remembered())

    assert child(panel, "check").isEnabled()
    assert child(panel, "attribution_visible").isEnabled()


def test_the_spread_of_a_stage_is_shown_with_its_legend_and_taken_away(layers, panel, show, check):
    result = remembered()
    show(result)
    check()

    child(panel, "spread_1").click()
    layer, legend = layers.layer_by_key(result, "spread-1"), panel.spreads[1].legend
    child(panel, "spread_1").click()

    assert layer.visible
    assert legend == layer.metadata["legend"]
    assert "stage 2" in legend
    assert layers.layer_by_key(result, "spread-1") is None
    assert panel.spreads[1].legend == ""


@pytest.mark.parametrize("how", ["hidden", "removed"])
def test_a_spread_that_goes_in_the_layer_list_is_no_longer_ticked(layers, viewer, panel, show, check, how):
    result = remembered()
    show(result)
    check()
    child(panel, "spread_0").click()
    layer = layers.layer_by_key(result, "spread-0")

    if how == "hidden":
        layer.visible = False
    else:
        viewer.layers.remove(layer)

    assert not child(panel, "spread_0").isChecked()


@pytest.mark.parametrize("method", range(len(METHODS)))
def test_an_attribution_is_shown_beside_how_it_orders_tiles(qtbot, layers, panel, show, method):
    result = remembered()
    show(result)
    choose(panel, "attribution_method", method)
    choose(panel, "attribution_class", 1)

    child(panel, "attribution_visible").click()
    wait_for_attribution(qtbot, panel)

    expected = rasterise(result.tiles, attribute(result.tile_outputs, result.tiles, 1, METHODS[method])).values
    np.testing.assert_allclose(layers.layer_by_key(result, ATTRIBUTION).data, expected, atol=1e-5)
    assert "stage 3" in panel.attribution.text
    assert METHODS[method] in panel.attribution.text


def test_an_attribution_is_taken_away(qtbot, layers, panel, show):
    result = remembered()
    show(result)
    child(panel, "attribution_visible").click()
    wait_for_attribution(qtbot, panel)

    child(panel, "attribution_visible").click()

    assert layers.layer_by_key(result, ATTRIBUTION) is None
    assert panel.attribution.text == ""


def test_the_class_that_was_chosen_last_is_attributed(qtbot, layers, panel, show):
    result = remembered()
    show(result)
    choose(panel, "attribution_class", 0)

    child(panel, "attribution_visible").click()
    choose(panel, "attribution_class", 1)
    wait_for_attribution(qtbot, panel)

    assert "class 1" in layers.layer_by_key(result, ATTRIBUTION).metadata["legend"]
    assert child(panel, "attribution_visible").isChecked()


def test_an_attribution_that_is_no_longer_wanted_is_not_shown(qtbot, layers, panel, show):
    result = remembered()
    show(result)

    child(panel, "attribution_visible").click()
    child(panel, "attribution_visible").click()
    assert QThreadPool.globalInstance().waitForDone(20_000)
    qtbot.wait(50)

    assert layers.layer_by_key(result, ATTRIBUTION) is None
    assert panel.attribution.text == ""
    assert not child(panel, "attribution_visible").isChecked()


def test_every_control_has_a_name(panel, show, check):
    show(remembered())
    check()

    for control in [*panel.findChildren(QAbstractButton), *panel.findChildren(QComboBox)]:
        said = control.accessibleName() or (control.text() if isinstance(control, QAbstractButton) else "")
        assert said, control.objectName()
        assert control.objectName()
