"""Asks for the names of files, and reads and writes results in a thread."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFileDialog, QWidget

from msm_mil_core.errors import MsmMilError
from msm_mil_core.file_names import RESULT_SUFFIX, file_stem
from msm_mil_core.results.annotations import Annotations
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.background import Background, Job
from napari_msm_mil.files.file_jobs import (
    OpenedResult,
    WrittenFile,
    export_exchange,
    export_geojson,
    open_result,
    write_report,
    write_result,
    write_table,
)
from napari_msm_mil.remembered import FOLDER, last_folder, remember

if TYPE_CHECKING:  # opening the dock does not need what they import
    from msm_mil_core.explain.stage_comparison import StageComparison
    from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
    from napari_msm_mil.files.export_formats import ExchangeChoice

RESULTS_FILTER = f"Results (*{RESULT_SUFFIX})"
REPORT_FILTER = "Pages (*.html);;PDF (*.pdf)"
TABLE_FILTER = "Tables (*.csv)"


class FileDialogs(QObject):
    """Opens, saves and exports results, one at a time."""

    opened = Signal(object)
    """An `OpenedResult`."""
    written = Signal(object)
    """A `WrittenFile`."""
    failed = Signal(object)
    """An `MsmMilError`."""
    send_requested = Signal(object)
    """`GeoJsonOptions`: the result is to go to a running QuPath instead of a file."""

    def __init__(self, window: QWidget, results_folder: Path) -> None:
        """Show dialogs over `window`; saved results are looked for in `results_folder` first."""
        super().__init__(window)
        self._window, self._results_folder = window, results_folder
        self._file_worker = Background(self)
        self._file_worker.succeeded.connect(self._on_succeeded)
        self._file_worker.failed.connect(self.failed)

    def ask_open(self) -> None:
        """Ask for a saved result and read it."""
        name, _ = QFileDialog.getOpenFileName(self._window, "Open result", str(self._results_folder), RESULTS_FILTER)
        if name:
            self.open(Path(name))

    def ask_save(self, result: SlideResult, annotations: Annotations) -> None:
        """Ask for a name and write a result file with its annotations."""
        path = self._ask_name("Save result", _suggested(result, RESULT_SUFFIX), RESULTS_FILTER)
        if path is not None:
            self._start(Job(f"Saving {path}", partial(write_result, result, annotations, path)))

    def ask_export(self, result: SlideResult, annotations: Annotations) -> None:
        """Ask what to export and where, and write it."""
        from napari_msm_mil.files.export_dialog import ExportDialog

        dialog = ExportDialog(_suggested(result, ".geojson"), self._window, result.prediction.map_classes)
        dialog.export_requested.connect(partial(self._export, result, annotations))
        dialog.send_requested.connect(self.send_requested)
        dialog.open()

    def ask_report(self, result: SlideResult, annotations: Annotations) -> None:
        """Ask for a name and write the report of a result."""
        path = self._ask_name("Write report", _suggested(result, ".report.html"), REPORT_FILTER)
        if path is not None:
            self._start(Job(f"Writing {path}", partial(write_report, result, annotations, path)))

    def ask_table(self, result: SlideResult, comparison: StageComparison) -> None:
        """Ask for a name and write the comparison of a result's stages as CSV."""
        path = self._ask_name("Save the comparison", _suggested(result, "-stages.csv"), TABLE_FILTER)
        if path is not None:
            self._start(Job(f"Writing {path}", partial(write_table, result, comparison, path)))

    def open(self, path: Path) -> None:
        """Read a result file."""
        self._start(Job(f"Opening {path.name}", partial(open_result, path)))

    def _ask_name(self, title: str, suggested: Path, names: str) -> Path | None:
        name, _ = QFileDialog.getSaveFileName(self._window, title, str(suggested), names)
        if name:
            remember(FOLDER, str(Path(name).parent))
        return Path(name) if name else None

    def _export(
        self, result: SlideResult, annotations: Annotations, path: Path, options: GeoJsonOptions | ExchangeChoice
    ) -> None:
        from napari_msm_mil.files.export_formats import ExchangeChoice

        what = f"Exporting {path.name}"
        remember(FOLDER, str(path.parent.absolute()))
        if isinstance(options, ExchangeChoice):
            self._start(Job(what, partial(export_exchange, result, annotations, path, options)))
        else:
            self._start(Job(what, partial(export_geojson, result, annotations, path, options)))

    def _start(self, job: Job) -> None:
        if self._file_worker.busy:
            self.failed.emit(MsmMilError("Another file is still being read or written; try again in a moment."))
        else:
            self._file_worker.start(job)

    def _on_succeeded(self, done: OpenedResult | WrittenFile) -> None:
        (self.opened if isinstance(done, OpenedResult) else self.written).emit(done)


def _suggested(result: SlideResult, ending: str) -> Path:
    return last_folder() / f"{file_stem(result.slide.name)}{ending}"
