"""A drop-down list in a narrow dock: a long choice is cut with an ellipsis; list and tooltip have it in full."""

from qtpy.QtCore import Qt

from napari_msm_mil.widgets.controls import named_box

LONG = "lung-mosaics of a model with a name of many letters"


def picture(qtbot, text):
    box = named_box("model", "Model", [text])
    qtbot.addWidget(box)
    box.resize(140, 26)
    box.show()
    return box, box.grab().toImage()


def test_a_long_choice_ends_in_an_ellipsis(qtbot):
    box, cut = picture(qtbot, LONG)
    letters = box.fontMetrics()
    ends = [letters.elidedText(LONG, Qt.TextElideMode.ElideRight, room) for room in range(60, 140)]
    drawn = [text for text in dict.fromkeys(ends) if picture(qtbot, text)[1] == cut]

    assert drawn
    assert drawn[0].endswith("…")


def test_a_short_choice_is_drawn_whole(qtbot):
    box, _ = picture(qtbot, "UNI")

    assert box.currentText() == "UNI"
    assert box.grab().toImage() != picture(qtbot, "UN…")[1]
