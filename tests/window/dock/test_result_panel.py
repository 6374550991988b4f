"""What the panel of a result says besides the answer."""

import pytest
from qtpy.QtWidgets import QLabel

from napari_msm_mil.dock.result_panel import ResultPanel
from tests.results import a_result, slide_facts


@pytest.mark.parametrize(("mpp", "warned"), [(0.5, False), (5.0, True)])
def test_a_slide_coarser_than_the_tiles_is_said_beside_the_answer(qtbot, mpp, warned):
    panel = ResultPanel()
    qtbot.addWidget(panel)

    panel.show_result(a_result(slide=slide_facts(mpp=mpp)), None)

    said = " ".join(label.text() for label in panel.findChildren(QLabel))
    assert ("5 µm per pixel, enlarged 9.6 times to 0.52 µm" in said) == warned
