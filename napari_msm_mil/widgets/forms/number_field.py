"""The field for a number, the only one of the window."""

from decimal import Decimal

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtGui import QFocusEvent, QKeyEvent, QValidator, QWheelEvent
from qtpy.QtWidgets import QDoubleSpinBox, QToolTip, QWidget

from msm_mil_core.errors import MsmMilError
from napari_msm_mil.widgets.forms.number_text import Bounds, read_number, write_number

MOST_DECIMALS = 323
"""As many as Qt allows: it rounds every value to them."""
FIRST_STEP = Decimal("0.01")
"""The step from 0, where steps grow with the value."""


def number_problem(form: QWidget) -> str:
    """Return which number of a form cannot be read as it is typed, and why; empty if all can."""
    fields = (field for field in form.findChildren(NumberField) if field.isEnabled() and not field.isHidden())
    return next((f"{field.accessibleName()}: {field.problem}" for field in fields if field.problem), "")


class NumberField(QDoubleSpinBox):
    """Shows a number as it would be typed, and reads what is typed as a whole or not at all, in every locale.

    No key is swallowed, for what is left of 0,25 without its comma is another number: text that is no number stays
    until the field is left, which brings the number from before the typing back and says so.
    """

    text_edited = Signal()
    """The user types, or what was typed is refused; `problem` says whether the text can be read now."""

    def __init__(self, *, whole: bool = False) -> None:
        super().__init__()
        self._whole, self._settled = whole, 0.0
        self.setDecimals(0 if whole else MOST_DECIMALS)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.lineEdit().textEdited.connect(lambda _: self.text_edited.emit())

    @property
    def number(self) -> int | float:
        """The value, an `int` in a field for whole numbers."""
        return round(self.value()) if self._whole else self.value()

    @property
    def problem(self) -> str:
        """Why the text cannot be read; empty if it can."""
        try:
            self._read(self.lineEdit().text())
        except MsmMilError as exc:
            return str(exc)
        return ""

    def setValue(self, value: float) -> None:
        """Show a number."""
        super().setValue(value)
        self._settled = self.value()

    def textFromValue(self, value: float) -> str:
        """Write a number so that it is read back exactly."""
        return write_number(value)

    def valueFromText(self, text: str | None) -> float:
        """Read the text, which `validate` has accepted."""
        return self._read(text or "")

    def validate(self, text: str | None, position: int) -> tuple[QValidator.State, str, int]:
        """Accept what can be read; let everything else be typed on."""
        try:
            self._read(text or "")
        except MsmMilError:
            return QValidator.State.Intermediate, text or "", position
        return QValidator.State.Acceptable, text or "", position

    def interpretText(self) -> None:
        """Take over what was typed, or go back to the number before it and say so."""
        problem = self.problem
        if problem:
            self.setValue(self._settled)
            kept = f"{problem} The field shows {self.text()} again."
            QToolTip.showText(self.mapToGlobal(self.rect().bottomLeft()), kept, self)
            self.text_edited.emit()
        super().interpretText()
        self._settled = self.value()

    def stepBy(self, steps: int) -> None:
        """Add steps in decimal arithmetic: 0.1 and 0.2 are 0.3."""
        self.interpretText()
        value = Decimal(repr(self.value()))
        self.setValue(float(value + steps * self._step(value, steps)))
        self.selectAll()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Take over what was typed, on Return; where it is refused, no dialog takes the key for its own Return."""
        refused = False
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            refused = bool(self.problem)
            self.interpretText()
        if not refused:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent | None) -> None:
        """Select words that stand for a number, so that typing replaces them."""
        super().focusInEvent(event)
        if self.specialValueText() and self.text() == self.specialValueText():
            QTimer.singleShot(0, self.selectAll)  # after the click that brought the focus

    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        """Take over what was typed."""
        self.interpretText()
        super().focusOutEvent(event)

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """Let the wheel scroll the column, not the number under the mouse, unless the field was clicked."""
        if self.hasFocus():
            super().wheelEvent(event)
        elif event is not None:
            event.ignore()

    def _read(self, text: str) -> float:
        if text == self.specialValueText() and text:
            return self.minimum()
        typed = self._without_affixes(text)
        if typed == write_number(self._settled) and self._settled in self._bounds:
            return self._settled  # nothing was typed
        return read_number(typed, self._bounds)

    def _without_affixes(self, text: str) -> str:
        """Take off the words around the number: those that Qt puts there, and the unit or its beginning, if typed."""
        text = text.replace(self.specialValueText(), "") if self.specialValueText() else text
        unit = self.suffix().strip()
        text = text.strip().removeprefix(self.prefix().strip()).removesuffix(unit).strip()
        ends = (unit[:end] for end in range(len(unit), 0, -1))
        return text.removesuffix(next((end for end in ends if text.endswith(end)), "")).strip()

    @property
    def _bounds(self) -> Bounds:
        return Bounds(self.minimum(), self.maximum(), whole=self._whole)

    def _step(self, value: Decimal, steps: int) -> Decimal:
        if self._whole or self.stepType() != QDoubleSpinBox.StepType.AdaptiveDecimalStepType:
            return Decimal(repr(self.singleStep()))
        if not value:
            return FIRST_STEP
        towards_zero = (value < 0) != (steps < 0)
        size = abs(value) / Decimal("1.01") if towards_zero else abs(value)
        return Decimal(1).scaleb(size.adjusted() - 1)
