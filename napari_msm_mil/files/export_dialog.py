"""The dialog before a result goes to QuPath, as a file or at once."""

from pathlib import Path

from pydantic import ValidationError
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from napari_msm_mil.widgets.options_form import OptionsForm, validation_message

FILTER = "GeoJSON (*.geojson *.geojson.gz)"
WHAT = (
    "Three levels of detail: tiles for QuPath's measurement maps, top tiles as a gallery, outlines of hot spots. "
    "Scripts that import the file are written beside it."
)
SEND = "Onto the slide that is open in QuPath on this computer, instead of a file"


class ExportDialog(QDialog):
    """Asks what goes to QuPath, and where to write the GeoJSON; requests it when the options are valid."""

    export_requested = Signal(object, object)
    """Path and `GeoJsonOptions`."""
    send_requested = Signal(object)
    """`GeoJsonOptions`, for a QuPath that runs."""

    def __init__(self, suggested: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export GeoJSON for QuPath")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._path = _path_line(suggested)
        self._path.textChanged.connect(lambda _: self._warn_if_exists())
        self._form = OptionsForm(GeoJsonOptions())
        self._form.edited.connect(self._on_edited)
        self._problem = QLabel()
        self._problem.setObjectName("export_problem")
        self._problem.setWordWrap(True)
        browse = QPushButton("Browse…")
        browse.setAccessibleName("Browse for the file")
        browse.clicked.connect(lambda _: self._on_browse())
        line = QHBoxLayout()
        line.addWidget(self._path, 1)
        line.addWidget(browse)
        layout = QVBoxLayout(self)
        layout.addWidget(_explanation())
        layout.addLayout(line)
        layout.addWidget(self._form)
        layout.addWidget(self._problem)
        layout.addWidget(self._buttons())
        self._warn_if_exists()

    @property
    def form(self) -> OptionsForm:
        """The options."""
        return self._form

    def accept(self) -> None:
        """Check the options; close and request the export only if they are valid."""
        options = self._options()
        if options is not None:
            self.export_requested.emit(Path(self._path.text()), options)
            super().accept()

    def _options(self) -> GeoJsonOptions | None:
        """Return what the user chose; None if it is not valid, which is shown then."""
        try:
            return GeoJsonOptions.model_validate(self._form.choices)
        except ValidationError as exc:
            self._problem.setText(validation_message(exc))
            return None

    def _on_send(self) -> None:
        options = self._options()
        if options is not None:
            self.send_requested.emit(options)
            super().accept()

    def _buttons(self) -> QDialogButtonBox:
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self._export = box.addButton("Export", QDialogButtonBox.ButtonRole.AcceptRole)
        self._send = box.addButton("Send to QuPath", QDialogButtonBox.ButtonRole.ActionRole)
        self._send.setToolTip(SEND)
        self._send.clicked.connect(lambda _: self._on_send())
        box.accepted.connect(self.accept)
        box.rejected.connect(self.reject)
        return box

    def _on_edited(self) -> None:
        for button in (self._export, self._send):
            button.setEnabled(not self._form.problem)
        self._warn_if_exists()
        if self._form.problem:
            self._problem.setText(self._form.problem)

    def _on_browse(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Export GeoJSON", self._path.text(), FILTER)
        if name:
            self._path.setText(name)

    def _warn_if_exists(self) -> None:
        exists = Path(self._path.text()).is_file()
        self._problem.setText("This file already exists and will be replaced." if exists else "")


def _explanation() -> QLabel:
    label = QLabel(WHAT)
    label.setWordWrap(True)
    return label


def _path_line(suggested: Path) -> QLineEdit:
    line = QLineEdit(str(suggested))
    line.setObjectName("export_path")
    line.setAccessibleName("File")
    line.setMinimumWidth(360)
    return line
