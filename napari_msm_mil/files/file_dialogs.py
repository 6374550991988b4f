"""The desk for files: it asks for names, and reads and writes results in a thread."""

from functools import partial
from pathlib import Path, PurePath

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFileDialog, QWidget

from msm_mil_core.errors import MsmMilError
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.results.annotations import Annotations
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.background import Background, Job
from napari_msm_mil.files.export_dialog import ExportDialog
from napari_msm_mil.files.file_jobs import Opened, Written, export, read, report, save
from napari_msm_mil.files.results_folder import SUFFIX, results_folder

RESULTS_FILTER = f"Results (*{SUFFIX})"
REPORT_FILTER = "Pages (*.html);;PDF (*.pdf)"


class FileDialogs(QObject):
    """Opens, saves and exports results, one at a time."""

    opened = Signal(object)
    """An `Opened`."""
    written = Signal(object)
    """A `Written`."""
    failed = Signal(object)
    """An `MsmMilError`."""

    def __init__(self, window: QWidget) -> None:
        """Ask over `window`."""
        super().__init__(window)
        self._window = window
        self._file_worker = Background(self)
        self._file_worker.succeeded.connect(self._on_succeeded)
        self._file_worker.failed.connect(self.failed)

    def ask_open(self) -> None:
        """Ask for a saved result and read it."""
        name, _ = QFileDialog.getOpenFileName(self._window, "Open result", str(results_folder()), RESULTS_FILTER)
        if name:
            self.open(Path(name))

    def ask_save(self, result: SlideResult, annotations: Annotations) -> None:
        """Ask for a name and write a result file with its notes."""
        suggested = Path.home() / f"{PurePath(result.slide.name).stem}{SUFFIX}"
        name, _ = QFileDialog.getSaveFileName(self._window, "Save result", str(suggested), RESULTS_FILTER)
        if name:
            self._start(Job(f"Saving {name}", partial(save, result, annotations, Path(name))))

    def ask_export(self, result: SlideResult, annotations: Annotations) -> None:
        """Ask what to export and where, and write it for QuPath."""
        suggested = Path.home() / f"{PurePath(result.slide.name).stem}.geojson"
        dialog = ExportDialog(suggested, self._window)
        dialog.export_requested.connect(partial(self._export, result, annotations))
        dialog.open()

    def ask_report(self, result: SlideResult, annotations: Annotations) -> None:
        """Ask for a name and write the report of a result."""
        suggested = Path.home() / f"{PurePath(result.slide.name).stem}.report.html"
        name, _ = QFileDialog.getSaveFileName(self._window, "Write report", str(suggested), REPORT_FILTER)
        if name:
            self._start(Job(f"Writing {name}", partial(report, result, annotations, Path(name))))

    def open(self, path: Path) -> None:
        """Read a result file."""
        self._start(Job(f"Opening {path.name}", partial(read, path)))

    def _export(self, result: SlideResult, annotations: Annotations, path: Path, options: GeoJsonOptions) -> None:
        self._start(Job(f"Exporting {path.name}", partial(export, result, annotations, path, options)))

    def _start(self, job: Job) -> None:
        if self._file_worker.busy:
            self.failed.emit(MsmMilError("Another file is still being read or written; try again in a moment."))
        else:
            self._file_worker.start(job)

    def _on_succeeded(self, done: Opened | Written) -> None:
        (self.opened if isinstance(done, Opened) else self.written).emit(done)
