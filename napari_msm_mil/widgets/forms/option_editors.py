"""Fields to type one option in: which widget fits which type, with its bounds."""

import json
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from magicgui.widgets import CheckBox, ComboBox, LineEdit
from magicgui.widgets.bases import BaseValueWidget
from pydantic.fields import FieldInfo
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QSizePolicy, QWidget

from napari_msm_mil.widgets.forms.number_field import NumberField
from napari_msm_mil.widgets.forms.number_text import Bounds

AUTOMATIC = "automatic"
SAID = {
    "auto": AUTOMATIC,
    "checkpoint": "as the model prescribes",
    "as-stored": "as the file has them",
    "srgb": "converted to sRGB",
}
"""Choices whose names say too little to people."""
LARGEST_INT = 2**31 - 1
LARGEST_FLOAT = 1e9
SMALLEST_STEP = 1e-9
"""How far a number must be from a bound that it may not reach."""
STEPS, NO_STEPS = NumberField.ButtonSymbols.UpDownArrows, NumberField.ButtonSymbols.NoButtons
FIRST = 1.0
"""What a field shows first that holds no number and may hold any small one."""


class Editor(QWidget):
    """A field for one option; `choice` is what it holds, as the options model takes it."""

    edited = Signal()

    def __init__(self, field: QWidget) -> None:
        super().__init__()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(field)
        field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusProxy(field)
        self.field = field

    @property
    def choice(self) -> object:
        """What the user chose."""
        raise NotImplementedError

    def describe(self, name: str, text: str) -> None:
        """Give the field its accessible name, and its docstring as tooltip."""
        for widget in (self, self.field):
            widget.setToolTip(text)
            widget.setAccessibleName(name)
            widget.setAccessibleDescription(text)


def make_editor(info: FieldInfo, value: object) -> Editor:
    """Return the editor that fits an option's declaration, showing `value`."""
    kind, optional = _without_none(info.annotation)
    if get_origin(kind) is Literal:
        choices = [
            *((SAID.get(each, str(each)), each) for each in get_args(kind)),
            *([(AUTOMATIC, None)] if optional else []),
        ]
        return _NativeEditor(ComboBox(value=value, choices=choices))
    if kind is bool and not optional:
        return _NativeEditor(CheckBox(value=bool(value), text=""))
    if kind is str and not optional:
        return _NativeEditor(LineEdit(value=str(value)))
    if kind in (int, float):
        box = _number_field(_bounds(info, whole=kind is int))
        return _OptionalNumberEditor(box, value) if optional else _NumberEditor(box, value)
    return _TextEditor(value)


class _NumberEditor(Editor):
    def __init__(self, box: NumberField, value: Any) -> None:
        super().__init__(box)
        self._box = box
        box.setValue(value)
        box.valueChanged.connect(lambda _: self.edited.emit())
        box.text_edited.connect(self.edited)

    @property
    def choice(self) -> object:
        return self._box.number


class _OptionalNumberEditor(_NumberEditor):
    """A number that may be automatic: the tick says whether the user sets it."""

    def __init__(self, box: NumberField, value: Any) -> None:
        super().__init__(box, box.minimum() if value is None else value)
        self._own = QCheckBox()
        self._own.toggled.connect(self._on_toggled)
        self._own.setChecked(value is not None)
        self._on_toggled(value is not None)
        layout = self.layout()
        if isinstance(layout, QHBoxLayout):
            layout.insertWidget(0, self._own)
            layout.setStretch(1, 1)
        self.setFocusProxy(self._own)

    @property
    def choice(self) -> object:
        return self._box.number if self._own.isChecked() else None

    def describe(self, name: str, text: str) -> None:
        super().describe(name, text)
        self._own.setAccessibleName(f"Set {name} yourself")
        self._own.setToolTip(f"{text}\nTick to set it yourself.")

    def _on_toggled(self, own: bool) -> None:
        self._box.setEnabled(own)
        self._box.setSpecialValueText("" if own else AUTOMATIC)
        self._box.setButtonSymbols(STEPS if own else NO_STEPS)  # beside which the word has no room
        if not own:
            self._box.setValue(self._box.minimum())
        elif self._box.value() == SMALLEST_STEP:
            self._box.setValue(FIRST)
        self.edited.emit()


class _NativeEditor(Editor):
    """A choice, a switch or plain text, in a widget of magicgui."""

    def __init__(self, widget: BaseValueWidget[Any]) -> None:
        super().__init__(widget.native)
        self._widget = widget
        widget.changed.connect(lambda _: self.edited.emit())

    @property
    def choice(self) -> object:
        value = self._widget.value
        return value.strip() if isinstance(value, str) else value


class _TextEditor(Editor):
    """Anything else, as text: the items of pairs and lists are separated by commas; empty means None."""

    def __init__(self, value: object) -> None:
        line = QLineEdit()
        super().__init__(line)
        self._line = line
        line.setText(_as_text(value))
        line.setPlaceholderText("not set")
        line.textEdited.connect(lambda _: self.edited.emit())

    @property
    def choice(self) -> object:
        text = self._line.text().strip()
        return _parse(text) if text else None


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _parse(text: str) -> object:
    try:
        items = json.loads(f"[{text}]")
    except json.JSONDecodeError:
        return text  # the options model says what is wrong with it
    return items if "," in text else items[0]


def _without_none(annotation: object) -> tuple[object, bool]:
    if get_origin(annotation) not in (Union, UnionType):
        return annotation, False
    kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
    return (kinds[0] if len(kinds) == 1 else str), len(kinds) < len(get_args(annotation))


def _number_field(bounds: Bounds) -> NumberField:
    field = NumberField(whole=bounds.whole)
    field.setStepType(NumberField.StepType.AdaptiveDecimalStepType)
    field.setRange(bounds.low, bounds.high)
    return field


def _bounds(info: FieldInfo, *, whole: bool) -> Bounds:
    """Return the range that an option's declaration allows."""
    step = 1 if whole else SMALLEST_STEP
    reach = LARGEST_INT if whole else LARGEST_FLOAT
    said = {
        name: getattr(rule, name) for rule in info.metadata for name in ("ge", "gt", "le", "lt") if hasattr(rule, name)
    }
    return Bounds(
        low=said.get("ge", said["gt"] + step if "gt" in said else -reach),
        high=said.get("le", said["lt"] - step if "lt" in said else reach),
        whole=whole,
    )
