"""The page that compares stages, over layers without a window."""

import numpy as np
import pytest
from qtpy.QtWidgets import QAbstractButton, QComboBox, QLabel

from msm_mil_core.display.stage_display import CLAIMED, SHARED
from msm_mil_core.explain.comparison_options import CompareOptions
from msm_mil_core.explain.stage_comparison import compare_stages
from msm_mil_core.export.figures.comparison import findings
from msm_mil_core.progress import finish
from napari_msm_mil.pages.compare.controller import CompareController
from napari_msm_mil.pages.compare.panel import NOTHING_COMPARED, ONE_STAGE, ComparePanel
from tests.results import a_prediction, a_result, block_of_tiles, slide_facts
from tests.window.dock_user import child, choose, settle


@pytest.fixture
def panel(qtbot):
    panel = ComparePanel()
    qtbot.addWidget(panel)
    panel.resize(430, 700)
    return panel


@pytest.fixture
def comparing(layers, panel):
    comparing = CompareController(layers, panel)
    yield comparing
    comparing.stop()
    settle()


@pytest.fixture
def compared(qtbot, layers, panel, comparing):
    """Show results one after the other, each compared; the last one stays."""

    def show(*results):
        comparing.set_in_front(True)
        for result in results:
            layers.show(result, None)
            comparing.show_result(result)
            wait_for_comparison(qtbot, panel)

    return show


def drawn(*, S=3, N=30, mpp=0.5, **changes):
    prediction = a_prediction(N, S=S, **changes)
    return a_result(block_of_tiles(10, N // 10), slide=slide_facts(mpp=mpp), prediction=prediction)


def wait_for_comparison(qtbot, panel):
    qtbot.waitUntil(lambda: panel.text.startswith("Top "))


def shown(panel, name):
    return child(panel, name).isVisibleTo(panel)


def keyed_layers(viewer):
    return [
        layer.metadata["key"] for layer in viewer.layers if layer.metadata.get("key") not in (None, CLAIMED, SHARED)
    ]


def test_before_anything_is_compared_there_is_a_button_and_a_sentence(layers, panel, comparing):
    result = drawn()
    layers.show(result, None)

    comparing.show_result(result)

    assert panel.text == NOTHING_COMPARED
    assert child(panel, "compare").isEnabled()
    assert not any(shown(panel, name) for name in ("findings", "coverage_figure", "map_winner", "compare_save"))


def test_opening_the_page_compares_and_says_what_is_notable(panel, compared):
    result = drawn(masks=True)

    compared(result)

    found = finish(compare_stages(result.prediction, result.tiles, 0.5, CompareOptions()))
    assert panel.findings == "\n".join(findings(found))
    assert shown(panel, "compare_note")
    words = [label.text() for label in panel.findChildren(QLabel)]
    assert f"{found.pairs[2].overlap:.2f} ({found.pairs[2].overlap_by_chance:.2f})" in words
    assert "2 and 3" in words


def test_figures_are_as_wide_as_the_panel_and_described_to_screen_readers(qtbot, panel, compared):
    compared(drawn())
    panel.show()

    figure = child(panel, "coverage_figure")
    qtbot.waitUntil(lambda: bool(figure.pixmap()) and abs(figure.pixmap().width() - panel.width()) < 30)

    assert figure.pixmap().width() == figure.contentsRect().width() * figure.devicePixelRatioF()
    assert figure.accessibleDescription() == panel.findings


def test_what_was_compared_is_not_compared_again(panel, comparing, compared):
    first, second = drawn(S=2), drawn(S=3)
    compared(first, second)
    child(panel, "compare_percent").setValue(50)

    comparing.set_in_front(False)
    comparing.set_in_front(True)
    comparing.show_result(first)

    assert panel.text.startswith("Top 5 % of each stage")
    assert "Stages 2 and 3" not in [label.text() for label in panel.findChildren(QLabel)]


def test_another_share_is_compared_when_it_is_requested(qtbot, panel, compared):
    compared(drawn())

    child(panel, "compare_percent").setValue(50)
    child(panel, "compare").click()

    qtbot.waitUntil(lambda: panel.text.startswith("Top 50 %"))


def test_another_result_takes_over_while_the_first_is_compared(qtbot, layers, panel, comparing):
    first, second = drawn(S=5, N=400), drawn(S=2)
    for result in (first, second):
        layers.show(result, None)
    comparing.set_in_front(True)

    comparing.show_result(first)
    comparing.show_result(second)
    wait_for_comparison(qtbot, panel)

    assert "1 and 2" in [label.text() for label in panel.findChildren(QLabel)]
    assert "1 and 3" not in [label.text() for label in panel.findChildren(QLabel)]


def test_a_comparison_can_be_stopped(qtbot, layers, panel, comparing):
    result = drawn(S=7, N=400)
    layers.show(result, None)
    comparing.show_result(result)

    child(panel, "compare").click()
    assert shown(panel, "compare_stop")
    child(panel, "compare_stop").click()

    assert panel.text == "Stopped."
    settle()
    assert panel.text == "Stopped."
    assert not shown(panel, "coverage_figure")
    assert shown(panel, "compare")


def test_one_stage_has_nothing_to_compare(qtbot, layers, panel, comparing):
    result = drawn(S=1)
    layers.show(result, None)
    comparing.set_in_front(True)

    comparing.show_result(result)

    assert panel.text == ONE_STAGE
    assert not shown(panel, "compare")
    assert not shown(panel, "findings")


def test_without_micrometres_distances_are_in_pixels(panel, compared):
    compared(drawn(mpp=None))

    assert "Pixels apart" in [label.text() for label in panel.findChildren(QLabel)]


@pytest.mark.parametrize("key", ["agreement", "winner", "difference"])
def test_a_map_is_shown_with_its_legend_and_taken_away(viewer, panel, compared, key):
    compared(drawn())
    switch = child(panel, f"map_{key}")

    switch.click()
    there, legend = keyed_layers(viewer), panel.maps[key].legend
    switch.click()

    assert there == [key]
    assert len(legend) > 20
    assert keyed_layers(viewer) == []
    assert panel.maps[key].legend == ""


@pytest.mark.parametrize("how", ["hidden", "removed"])
def test_a_map_that_goes_in_the_layer_list_is_no_longer_ticked(layers, viewer, panel, compared, how):
    result = drawn()
    compared(result)
    child(panel, "map_winner").click()
    layer = layers.layer_by_key(result, "winner")

    if how == "hidden":
        layer.visible = False
    else:
        viewer.layers.remove(layer)

    assert not child(panel, "map_winner").isChecked()
    assert panel.maps["winner"].legend == ""


def test_the_difference_is_that_of_the_two_chosen_stages(layers, panel, compared):
    result = drawn()
    compared(result)
    child(panel, "map_difference").click()

    choose(panel, "difference_one", 2)
    legend = panel.maps["difference"].legend

    assert "Rank in stage 3 minus rank in stage 2" in legend
    assert layers.layer_by_key(result, "difference").metadata["legend"] == legend


def test_a_stage_is_never_subtracted_from_itself(panel, compared):
    compared(drawn())

    choose(panel, "difference_one", 1)

    assert panel.difference == (1, 0)
    assert child(panel, "difference_other").currentIndex() == 0


def test_the_agreement_follows_the_share_that_is_compared(qtbot, layers, panel, compared):
    result = drawn()
    compared(result)
    child(panel, "map_agreement").click()
    few = np.isfinite(layers.layer_by_key(result, "agreement").data).sum()

    child(panel, "compare_percent").setValue(60)
    child(panel, "compare").click()
    qtbot.waitUntil(lambda: panel.text.startswith("Top 60 %"))

    assert np.isfinite(layers.layer_by_key(result, "agreement").data).sum() > few
    assert "60 %" in panel.maps["agreement"].legend


def test_maps_of_another_result_are_not_taken_for_this_ones(panel, comparing, compared):
    first, second = drawn(), drawn(seed=1)
    compared(first)
    child(panel, "map_winner").click()

    compared(second)
    on_second = child(panel, "map_winner").isChecked()
    comparing.show_result(first)

    assert not on_second
    assert not child(panel, "map_winner").isChecked()  # a new result hides the layers of the old one


def test_the_table_is_requested_with_what_was_compared(qtbot, panel, comparing, compared):
    result = drawn()
    compared(result)

    with qtbot.waitSignal(comparing.table_requested) as requested:
        child(panel, "compare_save").click()

    (comparison,) = requested.args
    assert comparison.pairs == finish(compare_stages(result.prediction, result.tiles, 0.5, CompareOptions())).pairs


def test_every_control_has_a_name(panel, compared):
    compared(drawn())

    controls = [*panel.findChildren(QAbstractButton), *panel.findChildren(QComboBox)]

    for control in controls:
        said = control.accessibleName() or (control.text() if isinstance(control, QAbstractButton) else "")
        assert said, control.objectName()
        assert control.objectName()


@pytest.mark.parametrize(("stages", "matrix"), [(2, False), (4, False), (5, True), (8, True)])
def test_pairs_of_more_than_four_stages_are_a_matrix(compared, panel, stages, matrix):
    compared(drawn(S=stages))
    table = child(panel, "pair_matrix")

    assert shown(panel, "pair_matrix") == matrix
    assert table.rowCount() == table.columnCount() == (stages if matrix else 0)
    if matrix:
        assert table.item(0, 1).text() == table.item(1, 0).text()
        assert "Stage 1 and stage 2: Overlap" in table.item(0, 1).toolTip()
        assert not table.item(2, 2).text()


def test_the_matrix_shows_one_measure_at_a_time(compared, panel):
    compared(drawn(S=5))
    table, measure = child(panel, "pair_matrix"), child(panel, "pair_measure")

    choose(panel, "pair_measure", 1)

    assert [measure.itemText(at) for at in range(3)] == ["Overlap", "Order", "µm apart"]
    assert table.item(0, 4).text()[0] in "+-"
    assert "rank" in measure.toolTip()
