"""The dialog before an export: for which program, where to or at once, and what is in it."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from msm_mil_core.export.exchange.map_options import MapOptions
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from napari_msm_mil.files.export_formats import FORMATS, ExchangeChoice, FormatBox
from napari_msm_mil.remembered import remember, remembered
from napari_msm_mil.widgets.forms.dialog_buttons import DialogButtons, Standard
from napari_msm_mil.widgets.forms.form_lines import FormLines
from napari_msm_mil.widgets.forms.options_form import OptionsForm, validation_message
from napari_msm_mil.widgets.map_words import MapWords
from napari_msm_mil.widgets.wrapped_label import WrappedText

CORNER = "custom_origin_px0"
"""The option that counts only where coordinates begin at a corner that is typed."""
FORMAT = "export/format"
"""Under which the format is remembered."""
SEND = "Onto the slide that is open in QuPath on this computer, instead of a file"


class ExportDialog(QDialog):
    """Asks what to write, where to and what is in it; requests the export when the options are valid."""

    export_requested = Signal(object, object)
    """Path, and `GeoJsonOptions` for QuPath or the `ExchangeChoice` of another program."""
    send_requested = Signal(object)
    """`GeoJsonOptions`, for a QuPath that runs."""

    def __init__(self, suggested: Path, parent: QWidget | None = None, classes: Sequence[str] = ()) -> None:
        """Suggest a file; `classes` are those whose own the maps are, if they are not those of stages."""
        super().__init__(parent)
        self.setWindowTitle("Export")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._path = _path_line(suggested)
        self._path.textChanged.connect(lambda _: self._on_edited())
        self._format = FormatBox()
        self._format.choose(remembered(FORMAT))
        self._format.currentIndexChanged.connect(lambda _: self._on_format())
        self._says, self._problem = WrappedText("export_says"), WrappedText("export_problem")
        self._form = OptionsForm(GeoJsonOptions())
        self._form.edited.connect(self._on_edited)
        self._maps = OptionsForm(MapOptions())
        self._lay_out()
        MapWords(self).say(classes)
        self._on_format()

    @property
    def form(self) -> OptionsForm:
        """The options."""
        return self._form

    def accept(self) -> None:
        """Check the options; close and request the export only if they are valid."""
        options = self._options()
        if options is not None:
            remember(FORMAT, self._format.format.to)
            self.export_requested.emit(self._target, options)
            super().accept()

    @property
    def _target(self) -> Path:
        return Path(self._path.text().strip())

    def _options(self) -> GeoJsonOptions | ExchangeChoice | None:
        """Return what the user chose; None if it is not valid, which is shown then."""
        try:
            return self._chosen()
        except ValidationError as exc:
            self._problem.setText(validation_message(exc))
            return None

    def _on_send(self) -> None:
        options = self._options()
        if options is not None:
            self.send_requested.emit(options)
            super().accept()

    def _lay_out(self) -> None:
        lines = FormLines()
        lines.add_line("Export for", self._format)
        lines.add_line("", self._says)
        lines.add_line("File", self._place())
        layout = QVBoxLayout(self)
        layout.addLayout(lines)
        for widget in (self._form, self._maps, self._problem, self._buttons()):
            layout.addWidget(widget)

    @property
    def _has_corner(self) -> bool:
        return self._form.choices["origin"] == "custom"

    def _chosen(self) -> GeoJsonOptions | ExchangeChoice:
        if self._format.format.to == "geojson":
            unused = {} if self._has_corner else {CORNER: None}
            return GeoJsonOptions.model_validate({**self._form.choices, **unused})
        return ExchangeChoice(self._format.format.to, MapOptions.model_validate(self._maps.choices))

    def _place(self) -> QWidget:
        browse = QPushButton("Browse…")
        browse.setAccessibleName("Browse for the file")
        browse.clicked.connect(lambda _: self._on_browse())
        place = QWidget()
        line = QHBoxLayout(place)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self._path, 1)
        line.addWidget(browse)
        return place

    def _buttons(self) -> DialogButtons:
        box = DialogButtons(Standard.Cancel)
        self._export = box.add_accepting("Export")
        self._send = box.addButton("Send to QuPath", DialogButtons.ButtonRole.ActionRole)
        self._send.setToolTip(SEND)
        self._send.clicked.connect(lambda _: self._on_send())
        box.accepted.connect(self.accept)
        box.rejected.connect(self.reject)
        return box

    def _on_format(self) -> None:
        chosen, path = self._format.format, self._path.text()
        self._says.setText(chosen.says)
        self._form.setVisible(chosen.to == "geojson")
        self._maps.setVisible(chosen.has_maps)
        self._send.setVisible(chosen.to == "geojson")
        self._path.setText(path.removesuffix(_ending_in(path)) + chosen.ending)
        self._on_edited()
        self.adjustSize()

    def _on_edited(self) -> None:
        chosen = self._format.format
        self._form.editor(CORNER).setEnabled(self._has_corner)
        problem = self._form.problem if chosen.to == "geojson" else chosen.problem
        unnamed = "" if self._target.name else "Give the file a name."
        self._export.setEnabled(not problem and not unnamed)
        self._send.setEnabled(not problem)
        self._problem.setText(problem or unnamed or self._warning())

    def _on_browse(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Export", self._path.text(), self._format.format.filter)
        if name:
            self._path.setText(name)

    def _warning(self) -> str:
        chosen, target = self._format.format, self._target
        ending = f"Files of this format end in {chosen.ending}; other programs may not know this name. "
        exists = "This file already exists and will be replaced."
        return f"{'' if chosen.is_named(target.name) else ending}{exists if _exists(target) else ''}".strip()


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # no name that a file can have, which is said when it is written
        return False


def _ending_in(path: str) -> str:
    """Return by which of the formats' endings a path ends; empty if by none."""
    endings = [".geojson.gz", *(each.ending for each in FORMATS)]
    return max((ending for ending in endings if path.endswith(ending)), key=len, default="")


def _path_line(suggested: Path) -> QLineEdit:
    line = QLineEdit(str(suggested))
    line.setObjectName("export_path")
    line.setAccessibleName("File")
    line.setMinimumWidth(360)
    return line
