"""A form made from an options model: one labelled field for each option, its docstring as tooltip."""

from collections.abc import Set as AbstractSet

from pydantic import BaseModel, ValidationError
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFormLayout, QLabel, QWidget

from msm_mil_core.options import describe_flaw
from napari_msm_mil.widgets.forms.number_field import number_problem
from napari_msm_mil.widgets.forms.option_editors import Editor, make_editor

UNITS = {"px0": "level-0 pixels", "px": "pixels", "um": "µm", "um2": "µm²", "mm2": "mm²"}
WORDS = {"mpp": "micrometres per pixel"}
LABELS = {
    "colors": "Colours for the encoder",
    "allow_coarse": "Allow coarse slides",
    "thumbnail_px": "Thumbnail (pixels)",
    "least_saturation": "Least saturation",
    "sure_saturation": "Surely tissue from",
    "close_um": "Close gaps (µm)",
    "min_tissue": "Least share of tissue",
    "encode": "Encoding",
    "batch": "Tiles at once",
    "threads": "Threads that read",
    "top_k": "Top tiles of each stage, as annotations",
    "hot_spots_percent": "Hot spots, outlines around the top (%)",
    "origin": "Coordinates begin at",
    "custom_origin_px0": "Corner x, y (level-0 pixels)",
}
"""Options whose names say too little to people."""


class OptionsForm(QWidget):
    """Fields for an options model and for the models nested in it."""

    edited = Signal()

    def __init__(self, options: BaseModel, hidden: AbstractSet[str] = frozenset()) -> None:
        """Show `options`; those in `hidden`, by dotted path, are chosen elsewhere and stay as they are."""
        super().__init__()
        self._options = options
        self._editors: dict[str, Editor] = {}
        self._lines = QFormLayout(self)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        self._lines.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self._add(options, "", hidden)

    @property
    def choices(self) -> dict[str, object]:
        """What the user chose, nested as the options model nests it, for its `model_validate`."""
        return _nested(self._options, self._editors, "")

    @property
    def problem(self) -> str:
        """Which number cannot be read as it is typed, and why; empty if all can."""
        return number_problem(self)

    def editor(self, path: str) -> Editor:
        """Return the field of one option, by its dotted path: "tiles.min_tissue"."""
        return self._editors[path]

    def _add(self, options: BaseModel, prefix: str, hidden: AbstractSet[str]) -> None:
        fields = type(options).model_fields
        nested = [name for name in fields if isinstance(getattr(options, name), BaseModel)]
        for name in (name for name in fields if name not in nested and prefix + name not in hidden):
            self._add_line(options, name, prefix)
        for name in nested:
            self._lines.addRow(_heading(name, fields[name].description or ""))
            self._add(getattr(options, name), f"{prefix}{name}.", hidden)

    def _add_line(self, options: BaseModel, name: str, prefix: str) -> None:
        info = type(options).model_fields[name]
        editor = make_editor(info, getattr(options, name))
        label = QLabel(label_of(name))
        label.setBuddy(editor)
        label.setToolTip(info.description or "")
        editor.describe(label_of(name), info.description or "")
        editor.field.setObjectName(prefix + name)
        editor.edited.connect(self.edited)
        self._lines.addRow(label, editor)
        self._editors[prefix + name] = editor


def label_of(name: str) -> str:
    """Write an option's name as a person reads it: "side_px" as "Side (pixels)"."""
    if name in LABELS:
        return LABELS[name]
    *words, last = name.split("_")
    unit = UNITS.get(last) if words else None
    words = words if unit else [*words, last]
    text = " ".join(WORDS.get(word, word) for word in words)
    return text[:1].upper() + text[1:] + (f" ({unit})" if unit else "")


def validation_message(exc: ValidationError) -> str:
    """Describe in one line which option is wrong, and why."""
    first = exc.errors(include_url=False)[0]
    where = ", ".join(label_of(str(step)) for step in first["loc"])
    what = describe_flaw(first).rstrip(".")
    return f"{where}: {what}." if where else f"{what[:1].upper()}{what[1:]}."


def _heading(name: str, text: str) -> QLabel:
    label = QLabel(label_of(name))
    label.setToolTip(text)
    label.setAccessibleDescription(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    return label


def _nested(options: BaseModel, editors: dict[str, Editor], prefix: str) -> dict[str, object]:
    """Take hidden options from `options`, all others from their editors."""
    choices: dict[str, object] = {}
    for name in type(options).model_fields:
        value = getattr(options, name)
        if isinstance(value, BaseModel):
            choices[name] = _nested(value, editors, f"{prefix}{name}.")
        else:
            editor = editors.get(prefix + name)
            choices[name] = editor.choice if editor else value
    return choices
