"""The buttons that save, export and open results."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGridLayout, QWidget

from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.dock.qupath_button import QuPathButton
from napari_msm_mil.widgets.controls import named_button


class ResultButtons(QWidget):
    """Five buttons; before there is a result only those that need none can be pressed."""

    export_requested = Signal()
    save_requested = Signal()
    open_requested = Signal()
    report_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._export = named_button(
            "Export…", "export_geojson", "For QuPath, as a table, or the maps as an image (OME-TIFF, DICOM, PNG)"
        )
        self._save = named_button("Save result…", "save_result", "The complete result as one file (.msm.h5)")
        self._open = named_button("Open result…", "open_result", "Show a saved result again, without computing")
        self._report = named_button(
            "Report…", "report", "The complete result as one page to read, print and send (HTML)"
        )
        self.qupath = QuPathButton()
        self._report.clicked.connect(lambda _: self.report_requested.emit())
        self._export.clicked.connect(lambda _: self.export_requested.emit())
        self._save.clicked.connect(lambda _: self.save_requested.emit())
        self._open.clicked.connect(lambda _: self.open_requested.emit())
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        for place, button in enumerate((self._export, self.qupath)):
            grid.addWidget(button, 0, 3 * place, 1, 3)
        for place, button in enumerate((self._report, self._save, self._open)):
            grid.addWidget(button, 1, 2 * place, 1, 2)
        self.show_result(None)

    def show_result(self, result: SlideResult | None) -> None:
        """Allow what needs a result where there is one."""
        for button in (self._export, self._save, self._report):
            button.setEnabled(result is not None)
