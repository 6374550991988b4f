"""The dialog before an export to QuPath."""

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


class ExportDialog(QDialog):
    """Asks where to write the GeoJSON and what is in it; requests the export when the options are valid."""

    export_requested = Signal(object, object)
    """Path and `GeoJsonOptions`."""

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
        layout.addWidget(QLabel("All tiles with every stage's values, for QuPath's File > Import objects."))
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
        try:
            options = GeoJsonOptions.model_validate(self._form.choices)
        except ValidationError as exc:
            self._problem.setText(validation_message(exc))
            return
        self.export_requested.emit(Path(self._path.text()), options)
        super().accept()

    def _buttons(self) -> QDialogButtonBox:
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self._export = box.addButton("Export", QDialogButtonBox.ButtonRole.AcceptRole)
        box.accepted.connect(self.accept)
        box.rejected.connect(self.reject)
        return box

    def _on_edited(self) -> None:
        self._export.setEnabled(not self._form.problem)
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


def _path_line(suggested: Path) -> QLineEdit:
    line = QLineEdit(str(suggested))
    line.setObjectName("export_path")
    line.setAccessibleName("File")
    line.setMinimumWidth(360)
    return line
