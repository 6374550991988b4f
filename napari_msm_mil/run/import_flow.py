"""A file of weights becomes a model: recognised in a thread, the rest asked for, converted in a thread."""

from collections.abc import Generator
from functools import partial
from pathlib import Path

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QWidget

from msm_mil_core.mil.foreign.import_options import ImportOptions
from msm_mil_core.mil.foreign.recognise import ForeignModel, recognise
from msm_mil_core.progress import Progress
from napari_msm_mil.background import Job
from napari_msm_mil.latest_job import LatestJob
from napari_msm_mil.run.import_dialog import ImportDialog


class ImportFlow(QObject):
    """Imports one model at a time; the latest file that was chosen counts."""

    told = Signal(str)
    """What is being done, or why nothing comes of it."""
    imported = Signal(object)
    """The path of a model of ours."""
    dismissed = Signal()
    """The user was asked, and does not want it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._window, self._path = parent, Path()
        self._reader, self._converter = LatestJob(self), LatestJob(self)
        self._reader.succeeded.connect(self._ask)
        self._converter.succeeded.connect(self.imported)
        for job in (self._reader, self._converter):
            job.failed.connect(lambda error: self.told.emit(str(error)))

    def start(self, path: Path) -> None:
        """Recognise the model in a file, and ask for what the file does not say."""
        self._path = path
        self.told.emit(f"Reading {path.name}…")
        self._reader.request(Job(f"Reading {path.name}", partial(_recognised, path)))

    def stop(self) -> None:
        """Let nothing come of what is being done."""
        self._reader.cancel()
        self._converter.cancel()

    def _ask(self, model: ForeignModel) -> None:
        self.told.emit(f"{self._path.name} is {model}. It can be used once it is imported.")
        dialog = ImportDialog(model, self._window)
        dialog.import_requested.connect(self._convert)
        dialog.rejected.connect(self.dismissed)
        dialog.open()

    def _convert(self, options: ImportOptions, target: Path) -> None:
        self.told.emit(f"Importing {self._path.name}…")
        self._converter.request(Job(f"Importing {self._path.name}", partial(_converted, self._path, options, target)))


def _recognised(path: Path) -> Generator[Progress, None, ForeignModel]:
    yield Progress("Reading the weights", 0, 1)
    return recognise(path)


def _converted(path: Path, options: ImportOptions, target: Path) -> Generator[Progress, None, Path]:
    from msm_mil_core.mil.foreign.import_model import as_checkpoint
    from msm_mil_core.mil.model_file.checkpoint import save_checkpoint

    yield Progress("Importing", 0, 1)
    save_checkpoint(as_checkpoint(recognise(path, options.activation), options), target)
    return target
