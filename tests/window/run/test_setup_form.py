"""What is typed before a run."""

import pytest
from napari.layers import Layer
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from msm_mil_core.slides.slide import open_slide
from napari_msm_mil.layers.layer_data import slide_layer
from napari_msm_mil.run.setup_form import SetupForm
from napari_msm_mil.widgets.forms.number_field import NumberField
from tests.slides import a_drawn_slide


@pytest.fixture
def form(qtbot, tmp_path):
    """A form with a slide whose pixel size is unknown."""
    form = SetupForm()
    qtbot.addWidget(form)
    slide = open_slide(a_drawn_slide(tmp_path / "plain.tiff", mpp=None).path)
    form.set_slides([Layer.create(*slide_layer(slide))])
    return form


def test_a_number_that_cannot_be_read_is_told_before_the_run(form, qtbot):
    line = form.findChild(NumberField, "mpp").lineEdit()
    with qtbot.waitSignal(form.changed):
        QTest.keyClicks(line, "0.5.5")

    assert form.problem.startswith("Micrometres per pixel: “0.5.5”")

    with qtbot.waitSignal(form.changed):
        QTest.keyClick(form.findChild(NumberField, "mpp"), Qt.Key.Key_Return)

    assert form.problem == ""
    assert form.mpp is None


def test_advanced_numbers_are_told_too(form):
    form.advanced.toggleButton().click()
    side = form.findChild(NumberField, "tissue.thumbnail_px")
    side.lineEdit().selectAll()
    QTest.keyClicks(side.lineEdit(), "1,000")

    assert form.problem.startswith("Thumbnail (pixels): “1,000”")
