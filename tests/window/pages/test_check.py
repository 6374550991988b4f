"""The page that checks whether what stages look at matters, over layers without a window."""

import numpy as np
import pytest
from qtpy.QtWidgets import QAbstractButton, QComboBox

from msm_mil_core.display.heatmap import rasterise
from msm_mil_core.explain.attribution import METHODS, attribute
from msm_mil_core.explain.examination_options import FaithfulnessOptions
from msm_mil_core.explain.faithfulness import measure_faithfulness
from msm_mil_core.progress import finish
from napari_msm_mil.pages.check.controller import ATTRIBUTION, CheckController
from napari_msm_mil.pages.check.panel import NOTHING_CHECKED, CheckPanel
from tests.results import a_prediction, a_result
from tests.window.dock_user import child, choose, settle
from tests.window.pages.conftest import a_questionable_result


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
    settle()


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


def wait_for_check(qtbot, panel):
    qtbot.waitUntil(lambda: panel.text.startswith("The model says "))


def wait_for_attribution(qtbot, panel):
    qtbot.waitUntil(lambda: panel.attribution.text.startswith("Rank correlation"))


def shown(panel, name):
    return child(panel, name).isVisibleTo(panel)


def test_before_anything_is_checked_there_is_a_button_and_a_sentence(panel, show):
    show(a_questionable_result())

    assert panel.text == NOTHING_CHECKED
    assert child(panel, "check").isEnabled()
    assert not any(shown(panel, name) for name in ("check_stop", "check_effects", "faithfulness_figure", "spread_0"))


def test_a_check_says_in_plain_words_what_each_stage_contributes(panel, show, check):
    result = a_questionable_result()
    show(result)

    check()

    found = finish(measure_faithfulness(result.tile_outputs, FaithfulnessOptions()))
    assert panel.effects == "\n".join(found.sentences)
    assert child(panel, "check_areas").text() == found.areas_summary
    assert child(panel, "spread_2").text().startswith("Spread of stage 3: rank stability ")
    assert "runs with 20 % of the tiles missing" in child(panel, "check_stability").text()


def test_curves_are_as_wide_as_the_panel_and_described_to_screen_readers(qtbot, panel, show, check):
    show(a_questionable_result())
    check()
    panel.show()

    figure = child(panel, "faithfulness_figure")
    qtbot.waitUntil(lambda: bool(figure.pixmap()) and abs(figure.pixmap().width() - panel.width()) < 30)

    assert figure.pixmap().width() == figure.contentsRect().width() * figure.devicePixelRatioF()
    assert figure.accessibleDescription() == child(panel, "check_areas").text()


def test_a_check_can_be_stopped(qtbot, panel, show):
    show(a_questionable_result(2000))

    child(panel, "check").click()
    stoppable = shown(panel, "check_stop")
    child(panel, "check_stop").click()

    assert stoppable
    settle()
    assert panel.text == "Stopped."
    assert shown(panel, "check")
    assert not shown(panel, "check_effects")


def test_a_check_is_shown_again_with_its_result(panel, checking, show, check):
    first, second = a_questionable_result(), a_questionable_result(seed=1)
    show(first)
    check()
    effects = panel.effects
    show(second)
    of_second = panel.text, shown(panel, "check_effects")

    checking.show_result(first)

    assert of_second == (NOTHING_CHECKED, False)
    assert panel.effects == effects
    assert shown(panel, "check_effects")


def test_a_check_that_was_left_does_not_show_on_another_result(qtbot, panel, show):
    show(a_questionable_result(2000))
    child(panel, "check").click()
    show(a_questionable_result(seed=1))

    settle()

    assert panel.text == NOTHING_CHECKED
    assert shown(panel, "check")


def test_another_result_can_be_checked_while_the_first_one_still_stops(qtbot, panel, show, check):
    second = a_questionable_result(seed=1)
    show(a_questionable_result(2000))
    child(panel, "check").click()
    show(second)

    check()

    found = finish(measure_faithfulness(second.tile_outputs, FaithfulnessOptions()))
    assert panel.effects == "\n".join(found.sentences)


@pytest.mark.parametrize(
    ("preset", "why"), [("paper", "tiles change each other"), ("default", "written by an older version")]
)
def test_a_result_that_cannot_be_questioned_says_why_it_cannot_be_checked(qtbot, panel, show, preset, why):
    show(a_questionable_result(2000))
    child(panel, "check").click()
    show(a_result(prediction=a_prediction(30), preset=preset))

    settle()

    assert why in panel.text
    assert not child(panel, "check").isEnabled()
    assert not child(panel, "attribution_visible").isEnabled()


def test_a_questionable_result_can_be_checked_after_one_that_is_not(panel, show):
    show(a_result(prediction=a_prediction(30)), a_questionable_result())

    assert child(panel, "check").isEnabled()
    assert child(panel, "attribution_visible").isEnabled()


def test_the_spread_of_a_stage_is_shown_with_its_legend_and_taken_away(layers, panel, show, check):
    result = a_questionable_result()
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
    result = a_questionable_result()
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
    result = a_questionable_result()
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
    result = a_questionable_result()
    show(result)
    child(panel, "attribution_visible").click()
    wait_for_attribution(qtbot, panel)

    child(panel, "attribution_visible").click()

    assert layers.layer_by_key(result, ATTRIBUTION) is None
    assert panel.attribution.text == ""


def test_the_class_that_was_chosen_last_is_attributed(qtbot, layers, panel, show):
    result = a_questionable_result()
    show(result)
    choose(panel, "attribution_class", 0)

    child(panel, "attribution_visible").click()
    choose(panel, "attribution_class", 1)
    wait_for_attribution(qtbot, panel)

    assert "class 1" in layers.layer_by_key(result, ATTRIBUTION).metadata["legend"]
    assert child(panel, "attribution_visible").isChecked()


def test_an_attribution_that_was_switched_off_is_not_shown(qtbot, layers, panel, show):
    result = a_questionable_result()
    show(result)

    child(panel, "attribution_visible").click()
    child(panel, "attribution_visible").click()
    settle()

    assert layers.layer_by_key(result, ATTRIBUTION) is None
    assert panel.attribution.text == ""
    assert not child(panel, "attribution_visible").isChecked()


def test_every_control_has_a_name(panel, show, check):
    show(a_questionable_result())
    check()

    for control in [*panel.findChildren(QAbstractButton), *panel.findChildren(QComboBox)]:
        said = control.accessibleName() or (control.text() if isinstance(control, QAbstractButton) else "")
        assert said, control.objectName()
        assert control.objectName()
