"""What the panel of a result says besides the answer."""

import pytest
from qtpy.QtWidgets import QLabel

from napari_msm_mil.dock.result_panel import ResultPanel
from tests.results import LIKE, UNLIKE, a_result, slide_facts


@pytest.mark.parametrize(("mpp", "warned"), [(0.5, False), (5.0, True)])
def test_a_slide_coarser_than_the_tiles_is_said_beside_the_answer(qtbot, mpp, warned):
    panel = ResultPanel()
    qtbot.addWidget(panel)

    panel.show_result(a_result(slide=slide_facts(mpp=mpp)), None)

    said = " ".join(label.text() for label in panel.findChildren(QLabel))
    assert ("5 µm per pixel, enlarged 9.6 times to 0.52 µm" in said) == warned


def test_the_answer_on_tissue_unlike_what_the_model_learnt_is_grey_until_the_next_result(qtbot):
    panel = ResultPanel()
    qtbot.addWidget(panel)
    title, unlike = (panel.findChild(QLabel, name) for name in ("result_title", "answer_unlike"))

    panel.show_result(a_result(tissue=UNLIKE), None)

    said = [label.text() for label in panel.findChildren(QLabel)]
    assert sum(UNLIKE.warning in text for text in said) == 1
    assert (title.isEnabled(), panel.bars.isEnabled(), unlike.isHidden()) == (False, False, False)
    panel.show_result(a_result(tissue=LIKE), None)
    assert (title.isEnabled(), panel.bars.isEnabled(), unlike.isHidden()) == (True, True, True)
