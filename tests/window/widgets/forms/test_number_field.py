"""The field for a number: what is typed is read as a whole or not at all, in every locale."""

import math
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qtpy.QtCore import QCoreApplication, QEvent, QLocale, QPoint, QPointF, Qt
from qtpy.QtGui import QFocusEvent, QKeyEvent, QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QDialog, QPushButton, QVBoxLayout

from msm_mil_core.errors import MsmMilError
from napari_msm_mil.widgets.forms.number_field import NumberField
from napari_msm_mil.widgets.forms.number_text import Bounds, read_number, write_number

LOCALES = ("C", "en_US", "de_DE", "fr_FR", "ar_EG", "hi_IN")
WIDE = (-1e9, 1e9)
DIGITS = ("0123456789", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "０１２３４５６７８９")


@pytest.fixture(autouse=True)
def locale_as_before():
    before = QLocale()
    yield
    QLocale.setDefault(before)


@pytest.fixture(params=LOCALES)
def locale(request):
    return QLocale(request.param)


@pytest.fixture(params=["before", "after"])
def field(request, qtbot, locale):
    """A field with a value, made before or after the locale was set."""
    if request.param == "after":
        QLocale.setDefault(locale)
    field = NumberField()
    field.setRange(0, 20)
    field.setSuffix(" µm per pixel")
    qtbot.addWidget(field)
    QLocale.setDefault(locale)
    field.setValue(0.2527)
    return field


def type_in(field, text, key=Qt.Key.Key_Return):
    field.lineEdit().selectAll()
    QTest.keyClick(field.lineEdit(), Qt.Key.Key_Delete)
    for letter in text:  # not keyClicks: it types Latin letters only
        key_press = QKeyEvent(QEvent.Type.KeyPress, 0, Qt.KeyboardModifier.NoModifier, letter)
        QCoreApplication.sendEvent(field.lineEdit(), key_press)
    if key is not None:
        QTest.keyClick(field, key)


def test_return_changes_nothing_where_nothing_was_typed(field):
    heard = []
    field.valueChanged.connect(heard.append)

    QTest.keyClick(field, Qt.Key.Key_Return)
    field.interpretText()

    assert set(heard) <= {0.2527}
    assert field.value() == 0.2527
    assert field.text() == "0.2527 µm per pixel"


READ = ("0.5", "0,5", ".5", ",5", "0.50", "٠٫٥", "०.५", "5e-1", " 0,5 ", "0,5 µm per", "\u200f0.5")
NOT_READ = ("0,25,5", "1.000,5", "0 25", "0'25", "0.5 mm", "0x1", "inf", "nan", "½", "5²", "-1", "21", "")


def test_both_separators_and_all_digits_are_read(field):
    for text in READ:
        field.setValue(0.2527)
        type_in(field, text)

        assert (text, field.value(), field.text()) == (text, 0.5, "0.5 µm per pixel")


def test_what_cannot_be_read_is_not_read_in_part(field):
    for text in NOT_READ:
        type_in(field, text, key=None)
        problem = field.problem
        field.interpretText()

        assert problem.endswith("."), text
        assert (text, field.value(), field.problem) == (text, 0.2527, "")


def test_a_refusal_is_told(field, qtbot):
    type_in(field, "0.5 mm", key=None)

    with qtbot.waitSignal(field.text_edited):
        QTest.keyClick(field, Qt.Key.Key_Return)

    assert field.value() == 0.2527


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    value=st.floats(*WIDE, allow_subnormal=False).filter(lambda value: value == 0 or abs(value) > 1e-300)
    | st.floats(1e-9, 1e-3)
    | st.sampled_from([1e-4, 0.2527, 1234.5, 1.234, 1e9, 0.1 + 0.2]),
    name=st.sampled_from(LOCALES),
)
def test_a_shown_number_is_read_back_exactly(qtbot, value, name):
    QLocale.setDefault(QLocale(name))
    field = NumberField()
    qtbot.addWidget(field)
    field.setRange(*WIDE)
    field.setValue(value)

    shown = field.text()
    QTest.keyClick(field, Qt.Key.Key_Return)

    assert same(field.value(), value)
    assert (field.text(), field.problem) == (shown, "")
    assert float(shown) == value


@given(
    value=st.decimals(0, 999, allow_nan=False, places=2),
    separator=st.sampled_from(".,"),
    digits=st.sampled_from(DIGITS),
    marks=st.sampled_from([("", ""), ("\u200e", "\u200e"), (" ", "\u00a0")]),
)
def test_a_number_means_the_same_in_every_script(value, separator, digits, marks):
    text = str(value).replace(".", separator).translate(str.maketrans(DIGITS[0], digits))

    assert read_number(marks[0] + text + marks[1], Bounds(0, 1e9)) == float(value)


@given(st.text(alphabet="0123456789.,'  \u202f٫٬eE+-_", max_size=12))
def test_a_text_is_a_number_with_at_most_one_separator_or_none(text):
    bounds = Bounds(*WIDE)
    try:
        number = read_number(text, bounds)
    except MsmMilError as exc:
        assert "\n" not in str(exc)
        return

    assert sum(text.count(mark) for mark in ".,٫") <= 1
    assert not set(text.strip()) & set("'  _٬")
    assert number == float(text.replace(",", ".").replace("٫", "."))


@pytest.mark.parametrize("text", ["1,000", "1.000", "12,345", "999.250", "-1,500"])
def test_a_number_that_may_be_thousands_is_refused_and_both_are_offered(text):
    with pytest.raises(MsmMilError, match="may mean"):
        read_number(text, Bounds(*WIDE))


@pytest.mark.parametrize(("text", "number"), [("1,000", 1.0), ("1.250", 1.25), ("0,250", 0.25), ("1٫250", 1.25)])
def test_thousands_are_not_meant_where_they_are_out_of_bounds(text, number):
    assert read_number(text, Bounds(0, 20)) == number


@pytest.mark.parametrize("text", ["1.5", "1,000", "256.0", "1e3", "1 000", "0", "65"])
def test_whole_numbers_have_no_separators(qtbot, text):
    field = whole_field(qtbot)

    type_in(field, text)

    assert field.number == 8


def test_whole_numbers_are_read_in_all_digits(qtbot):
    field = whole_field(qtbot)

    type_in(field, "٦٤")

    assert field.number == 64
    assert isinstance(field.number, int)


def test_steps_are_decimal(qtbot):
    field = NumberField()
    qtbot.addWidget(field)
    field.setRange(0, 20)
    field.setSingleStep(0.1)
    field.setValue(0.2)

    field.stepBy(1)

    assert (field.value(), field.text()) == (0.3, "0.3")


@pytest.mark.parametrize(
    ("value", "steps", "after"),
    [(1.0, 1, 1.1), (1.0, -1, 0.99), (0.0, 1, 0.01), (0.0001, 2, 0.00012), (-1.0, 1, -0.99)],
)
def test_steps_grow_with_the_number(qtbot, value, steps, after):
    field = NumberField()
    qtbot.addWidget(field)
    field.setRange(-20, 20)
    field.setStepType(NumberField.StepType.AdaptiveDecimalStepType)
    field.setValue(value)

    field.stepBy(steps)

    assert field.value() == after


def test_the_wheel_scrolls_past_a_field_that_was_not_clicked(field):
    down = QPoint(0, -120)
    event = QWheelEvent(
        QPointF(1, 1),
        QPointF(1, 1),
        down,
        down,
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )

    field.wheelEvent(event)

    assert (field.value(), event.isAccepted()) == (0.2527, False)


def test_a_dialog_does_not_take_a_refused_return_for_its_own(qtbot):
    dialog = QDialog()
    qtbot.addWidget(dialog)
    field, button = NumberField(), QPushButton("go")
    layout = QVBoxLayout(dialog)
    layout.addWidget(field)
    layout.addWidget(button)
    button.clicked.connect(dialog.accept)
    dialog.show()
    field.setRange(0, 20)
    field.setValue(3)

    type_in(field, "1,2,3")
    after_refused = dialog.isVisible()
    type_in(field, "1,2")

    assert (after_refused, dialog.isVisible(), field.value()) == (True, False, 1.2)


def test_words_in_place_of_a_number_are_typed_over(qtbot):
    field = NumberField()
    qtbot.addWidget(field)
    field.setRange(0, 20)
    field.setSpecialValueText("unknown: type it")
    field.setValue(0)
    field.focusInEvent(QFocusEvent(QEvent.Type.FocusIn))
    qtbot.waitUntil(lambda: field.lineEdit().selectedText() == "unknown: type it")

    type_in(field, "unknown: type it0,25")

    assert (field.value(), field.text()) == (0.25, "0.25")


def whole_field(qtbot):
    field = NumberField(whole=True)
    qtbot.addWidget(field)
    field.setRange(1, 64)
    field.setValue(8)
    return field


def same(one, other):
    return struct.pack("d", one + 0.0) == struct.pack("d", other + 0.0) and math.isfinite(one)


def test_a_number_is_written_without_exponent_or_needless_zeros():
    written = [write_number(number) for number in (20000.0, 1e-4, 0.2527, 1e9, -0.0, 1.5)]

    assert written == ["20000", "0.0001", "0.2527", "1000000000", "0", "1.5"]
