"""The dialog that asks what the file of a model made elsewhere does not say."""

from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from msm_mil_core.mil.foreign.import_options import ImportOptions
from msm_mil_core.mil.foreign.recognise import ForeignModel
from msm_mil_core.mil.model_file.checkpoint_name import SUFFIX
from napari_msm_mil.widgets.forms.dialog_buttons import DialogButtons, Standard
from napari_msm_mil.widgets.forms.number_field import NumberField, number_problem
from napari_msm_mil.widgets.wrapped_label import WrappedText

NONE = "none"
MOST_LINES = 8
"""Of class names that are seen at once."""
LARGEST_SIDE_PX = 8192
COARSEST_MPP = 20.0
ACTIVATIONS = {"ReLU": "relu", "GELU": "gelu", "nothing": "none"}


class ImportDialog(QDialog):
    """Says what a model is, and asks for its classes, encoder and tiles; requests the import once all is there."""

    import_requested = Signal(object, object)
    """`ImportOptions`, and the path of the model to write."""

    def __init__(self, model: ForeignModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Import a model")
        self.setObjectName("import_model")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._model = model
        self._found, self._problem = WrappedText("import_found"), WrappedText("import_problem")
        self._found.setText(_found(model))
        self._classes = self._class_names()
        self._negative = QComboBox()
        self._encoder, self._name = _line("import_encoder", "Encoder"), _line("import_name", "Name")
        self._side, self._mpp = _number("import_side", "Tile side", whole=True), _number("import_mpp", "Pixel size")
        self._activation = QComboBox()
        self._path = _line("import_path", "Save as")
        self._fill()
        self._lay_out()
        self._connect()
        self._show_problem()

    @property
    def options(self) -> ImportOptions:
        """What was typed."""
        guessed = not self._model.assumed or self._model.options.projection == "none"
        return ImportOptions(
            classes=tuple(self._names()),
            negative="" if self._negative.currentIndex() < 1 else self._negative.currentText(),
            encoder=self._encoder.text().strip(),
            side_px=round(self._side.value()) or None,
            mpp=self._mpp.value() or None,
            name=self._name.text().strip(),
            activation=None if guessed else ACTIVATIONS[self._activation.currentText()],
        )

    def accept(self) -> None:
        """Request the import and close, if nothing is missing."""
        self._show_problem()
        if self._missing():
            return
        self.import_requested.emit(self.options, Path(self._path.text()))
        super().accept()

    def _class_names(self) -> QTextEdit:
        names = QTextEdit()  # of the fields for several lines the one that napari's themes know
        names.setAcceptRichText(False)
        names.setObjectName("import_classes")
        names.setAccessibleName("Names of the classes, one a line")
        names.setTabChangesFocus(True)
        lines = min(MOST_LINES, max(2, self._model.options.classes))
        names.setFixedHeight((lines + 1) * names.fontMetrics().lineSpacing() + 8)
        order = "first for a low output" if self._model.one_output else "in the order of the outputs"
        names.setPlaceholderText(f"{self._model.options.classes} names, one a line, {order}")
        return names

    def _fill(self) -> None:
        path = self._model.source.path
        self._negative.setObjectName("import_negative")
        self._negative.setAccessibleName("The class that means that nothing was found")
        self._negative.addItem(NONE)
        self._encoder.setPlaceholderText("efficientnet-lite0, timm:NAME or zoo:KEY")
        self._name.setText(path.stem)
        self._activation.setObjectName("import_activation")
        self._activation.setAccessibleName("What follows the layer before the attention")
        self._activation.addItems(list(ACTIVATIONS))
        chosen = list(ACTIVATIONS.values()).index(self._model.options.activation)
        self._activation.setCurrentIndex(chosen)
        imported = "-imported" if path.suffix == SUFFIX else ""
        self._path.setText(str(path.with_name(f"{path.stem}{imported}{SUFFIX}")))

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow("Classes", self._classes)
        form.addRow("Negative class", self._negative)
        form.addRow("Encoder", self._encoder)
        form.addRow("Tile side", self._side)
        form.addRow("Pixel size", self._mpp)
        form.addRow("Name", self._name)
        if self._model.assumed and self._model.options.projection != "none":
            form.addRow("After the first layer", self._activation)
        browse = QPushButton("Browse…")
        browse.setAccessibleName("Browse for the file to write")
        browse.clicked.connect(lambda _: self._on_browse())
        target = QHBoxLayout()
        target.addWidget(self._path, 1)
        target.addWidget(browse)
        form.addRow("Save as", target)
        layout = QVBoxLayout(self)
        layout.addWidget(self._found)
        layout.addLayout(form)
        layout.addWidget(self._problem)
        layout.addWidget(self._buttons())
        self.setMinimumWidth(480)

    def _buttons(self) -> DialogButtons:
        box = DialogButtons(Standard.Cancel)
        self._import = box.add_accepting("Import")
        box.accepted.connect(self.accept)
        box.rejected.connect(self.reject)
        return box

    def _connect(self) -> None:
        self._classes.textChanged.connect(self._on_classes)
        for line in (self._encoder, self._path):
            line.textChanged.connect(lambda _: self._show_problem())
        for field in (self._side, self._mpp):
            field.valueChanged.connect(lambda _: self._show_problem())
            field.text_edited.connect(self._show_problem)

    def _on_classes(self) -> None:
        chosen = self._negative.currentText()
        self._negative.clear()
        self._negative.addItems([NONE, *self._names()])
        self._negative.setCurrentIndex(max(0, self._negative.findText(chosen)))
        self._show_problem()

    def _on_browse(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save the model as", self._path.text(), f"Models (*{SUFFIX})")
        if name:
            self._path.setText(name)

    def _names(self) -> list[str]:
        return [line.strip() for line in self._classes.toPlainText().splitlines() if line.strip()]

    def _show_problem(self) -> None:
        missing = self._missing()
        exists = Path(self._path.text()).is_file()
        self._problem.setText(missing or ("This file already exists and will be replaced." if exists else ""))
        self._import.setEnabled(not missing)

    def _missing(self) -> str:
        """Say what is still to be typed; empty if all is there."""
        names, wanted = self._names(), self._model.options.classes
        if len(names) != wanted or len(set(names)) != wanted:
            return f"Name {wanted} different classes, one a line; there are {len(set(names))}."
        if not self._encoder.text().strip():
            return "Name the encoder whose features the model was trained on."
        if problem := number_problem(self):
            return problem
        if not self._side.value() or not self._mpp.value():
            return "Give the side of the tiles, as the encoder got them, and their pixel size."
        if Path(self._path.text()).suffix != SUFFIX:
            return f"Save the model as a file that ends in {SUFFIX}."
        return ""


def _found(model: ForeignModel) -> str:
    assumed = f"Assumed, for the file does not say: {'; '.join(model.assumed)}." if model.assumed else ""
    said = f"{model.source.path.name} is {model}."
    ask = "What the file does not say is asked here, and stored with the model. No code of the file is run."
    return "\n".join(filter(None, (said, assumed, ask)))


def _line(object_name: str, name: str) -> QLineEdit:
    line = QLineEdit()
    line.setObjectName(object_name)
    line.setAccessibleName(name)
    return line


def _number(object_name: str, name: str, *, whole: bool = False) -> NumberField:
    field = NumberField(whole=whole)
    field.setObjectName(object_name)
    field.setAccessibleName(name)
    field.setRange(0, LARGEST_SIDE_PX if whole else COARSEST_MPP)
    field.setSuffix(" px" if whole else " µm per pixel")
    field.setSpecialValueText("type it")
    return field
