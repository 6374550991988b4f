"""Class probabilities as bars: sorted, every name in full."""

from dataclasses import replace

import numpy as np
import pytest

from napari_msm_mil.widgets.probability_bars import ProbabilityBars
from tests.results import a_prediction

LONG = "Squamous cell carcinoma of the upper lobe, non-keratinising, with basaloid features and a very long name"


@pytest.fixture
def bars(qtbot):
    bars = ProbabilityBars()
    qtbot.addWidget(bars)
    bars.resize(300, 10)
    bars.show()
    return bars


def a_prediction_of(classes, probabilities):
    prediction = a_prediction(10, C=len(classes))
    return replace(prediction, classes=classes, probabilities=np.array(probabilities, np.float32))


def test_the_most_probable_class_comes_first_and_equals_keep_their_order(bars):
    bars.show_prediction(a_prediction_of(("a", "b", "c", "d"), (0.2, 0.5, 0.1, 0.2)))

    assert [bar.name for bar in bars.bars] == ["b", "a", "d", "c"]
    assert [bar.wins for bar in bars.bars] == [True, False, False, False]
    assert bars.accessibleDescription() == "b 0.500, a 0.200, d 0.200, c 0.100"


def test_while_a_question_is_asked_classes_stay_where_they_were(bars):
    before, after = a_prediction_of(("a", "b"), (0.3, 0.7)), a_prediction_of(("a", "b"), (0.9, 0.1))

    bars.show_change(before, after)

    assert [(bar.name, bar.before, bar.wins) for bar in bars.bars] == [
        ("b", pytest.approx(0.7), False),
        ("a", pytest.approx(0.3), True),
    ]


@pytest.mark.parametrize("name", [LONG, "a_class_name_without_any_space_" * 4, "W" * 200])
def test_long_names_wrap_and_are_seen_in_full(bars, name):
    bars.show_prediction(a_prediction_of(("a", "b"), (0.6, 0.4)))
    beside = bars.height()
    bars.show_prediction(a_prediction_of(("a", name), (0.6, 0.4)))
    narrow = bars.height()

    wrapped = bars.lines(bars.bars[1])
    bars.resize(16_000, bars.height())

    assert narrow > 2 * beside
    assert "".join(wrapped).replace(" ", "") == name.replace(" ", "")
    assert len(wrapped) > 1
    assert bars.height() == beside


def test_a_name_is_text_and_nothing_else(bars):
    bars.show_prediction(a_prediction_of(("<b>x</b>", "b"), (0.6, 0.4)))

    assert "&lt;b&gt;" in bars.toolTip()
    assert not bars.grab().isNull()


def test_more_classes_need_more_room(bars):
    heights = []
    for count in (2, 5, 9):
        bars.show_prediction(a_prediction_of(tuple("abcdefghi"[:count]), [1 / count] * count))
        heights.append(bars.height())

    assert heights == sorted(set(heights))
    assert bars.sizeHint().height() == bars.minimumSizeHint().height() == heights[-1]


def test_disabled_bars_have_no_colour(bars):
    bars.show_prediction(a_prediction_of(("a", "b"), (0.6, 0.4)))
    enabled = colourfulness(bars)

    bars.setEnabled(False)
    disabled = colourfulness(bars)
    bars.setEnabled(True)

    assert disabled < enabled / 4
    assert colourfulness(bars) == enabled


def colourfulness(widget):
    """Largest difference between the colours of one pixel, as the widget is drawn."""
    image = widget.grab().toImage()
    colours = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
    return max(max(each.getRgb()[:3]) - min(each.getRgb()[:3]) for each in colours)
