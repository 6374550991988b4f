"""The heading of a column can be read in each of napari's themes."""

import numpy as np
import pytest
from napari.qt import get_stylesheet
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_msm_mil.widgets.column_heading import column_heading

LEAST = 4.5
"""The contrast that the WCAG ask for (AA)."""


def luminance(rgb):
    share = np.asarray(rgb) / 255
    linear = np.where(share <= 0.03928, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_heading_stands_out_from_its_ground(qtbot, theme):
    around = QWidget()
    qtbot.addWidget(around)
    layout = QVBoxLayout(around)
    layout.addWidget(column_heading("WWW", "what it is"))
    around.setStyleSheet(get_stylesheet(theme))
    around.resize(200, 60)

    picture = around.grab().toImage()

    seen = [picture.pixelColor(x, y).getRgb()[:3] for x in range(picture.width()) for y in range(picture.height())]
    ground = max(set(seen), key=seen.count)
    assert max(contrast(ground, colour) for colour in set(seen)) > LEAST
