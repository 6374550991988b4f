"""Names and dates from a stranger's file are text, never HTML: Qt would fetch the pictures that it names."""

from dataclasses import replace

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel

from msm_mil_core.results.annotations import Annotations, Verdict
from napari_msm_mil.pages.verdict.panel import VerdictPanel
from napari_msm_mil.widgets.controls import literal_tip
from napari_msm_mil.widgets.probability_bars import ProbabilityBars
from tests.results import a_prediction, a_result

HOSTILE = '<img src="file:////host/share/x.png"><b>tumour</b>'


def test_a_class_name_is_literal_in_the_tooltip_of_its_bar(qtbot):
    bars = ProbabilityBars()
    qtbot.addWidget(bars)

    bars.show_prediction(replace(a_prediction(5), classes=(HOSTILE, "normal")))

    assert "<img" not in bars.toolTip()
    assert "&lt;img" in bars.toolTip()


def test_a_date_that_is_none_is_literal(qtbot):
    panel = VerdictPanel()
    qtbot.addWidget(panel)

    panel.show_result(a_result())

    panel.show_annotations(Annotations(verdicts=(Verdict(stage=0, label="x", at=HOSTILE),)))

    label = panel.findChild(QLabel, "verdict_at_0")
    assert (label.text(), label.textFormat()) == (HOSTILE, Qt.TextFormat.PlainText)
    assert "<img" not in label.toolTip()


@pytest.mark.parametrize("text", ["2 of 30 tiles", "", "P(tumour) & more"])
def test_plain_text_stays_as_it_is(text):
    assert literal_tip(text) == text
