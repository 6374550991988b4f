"""The dock in a real napari window, for the tests that play its user."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
from napari.layers import Image, Layer
from qtpy.QtCore import QCoreApplication, QSettings, QThreadPool
from qtpy.QtWidgets import QDialogButtonBox, QWidget

from msm_mil_core.mil.model_file.checkpoint import save_checkpoint
from msm_mil_core.results.annotations import StageView, View
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.slide import open_slide
from napari_msm_mil.dock import run_widget
from napari_msm_mil.dock.run_widget import RunWidget
from napari_msm_mil.files.export_dialog import ExportDialog
from napari_msm_mil.files.folders import Folders
from napari_msm_mil.layers.layer_data import slide_layer
from napari_msm_mil.run.model_picker import ModelPicker
from napari_msm_mil.widgets.tabs import Tabs
from tests.models import a_checkpoint
from tests.results import a_prediction, a_result, tile_grid
from tests.slides import DrawnSlide

RUN_MS = 60_000
FIRST_STAGE = View(stages=(StageView(), StageView(visible=False), StageView(visible=False)))
"""A view in which someone left a result: the whole map of the first of three stages."""


def keep_apart(monkeypatch, folder: Path, features: Path | None = None) -> None:
    """Let the window save in a folder of the test, not in the user's own; features may go to a shared one."""
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(folder / "settings"))
    folders = Folders(folder / "results", features or folder / "features")
    monkeypatch.setattr(run_widget, "user_folders", lambda: folders)


def settle() -> None:
    """Wait until no thread works any more, and what they reported has arrived."""
    assert QThreadPool.globalInstance().waitForDone(RUN_MS)
    for _ in range(3):  # what arrives may ask for more
        QCoreApplication.sendPostedEvents()
        QCoreApplication.processEvents()


@contextmanager
def open_docks(qtbot, viewer, monkeypatch, folder: Path) -> Iterator[Callable[[], RunWidget]]:
    """Give what opens a dock without a window, as often as it is called; in the end all of them stop."""
    keep_apart(monkeypatch, folder)
    docks: list[RunWidget] = []

    def another() -> RunWidget:
        docks.append(RunWidget(viewer))
        qtbot.addWidget(docks[-1])
        return docks[-1]

    yield another
    for dock in docks:
        dock.stop()
    settle()


@contextmanager
def open_dock(qtbot, viewer, monkeypatch, folder: Path, model: Path | None = None) -> Iterator[RunWidget]:
    """Open a dock without a window, with a model chosen; in the end it stops."""
    with open_docks(qtbot, viewer, monkeypatch, folder) as another:
        dock = another()
        if model is not None:
            choose_model(dock, model)
        yield dock


def a_model_file(path: Path, **changes) -> Path:
    """Write a model that was never trained, for tiles of 64 px at 1 micrometre per pixel."""
    record = {"data": "drawn squares", "limits": "none of it is real"}
    fields = {"classes": ("normal", "tumour"), "encoder_sha256": "", "side_px": 64, "mpp": 1.0, "record": record}
    save_checkpoint(replace(a_checkpoint(features=1280), **fields | changes), path)
    return path


def a_features_file(path: Path, encoder: str = "efficientnet_lite0", length: int = 1280, side_px: int = 64) -> Path:
    """Write features of 36 tiles as TRIDENT does, over the tissue of a drawn slide, for `a_model_file`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    corners = np.array([[512 + 128 * col, 256 + 128 * row] for row in range(6) for col in range(6)])
    with h5py.File(path, "w") as file:
        file["features"] = np.random.default_rng(0).normal(size=(len(corners), length)).astype(np.float32)
        file["coords"] = corners
        file["coords"].attrs.update(patch_size=side_px, patch_size_level0=2 * side_px, overlap=side_px - 64)
        file["features"].attrs["encoder"] = encoder
    return path


def show_slide(viewer, drawn: DrawnSlide) -> Image:
    """Show a drawn slide as the reader does."""
    return viewer.add_layer(Layer.create(*slide_layer(open_slide(drawn.path))))


def dock_in(viewer) -> RunWidget:
    """Open the dock as napari's plugin menu does."""
    widget = RunWidget(viewer)
    viewer.window.add_dock_widget(widget, name="Run MSM-MIL")
    return widget


def child(widget: QWidget, name: str):
    """Find what a user sees by its object name."""
    found = widget.findChild(QWidget, name)
    assert found is not None, name
    return found


def text_of(widget: QWidget, name: str) -> str:
    """Read the text of what a user sees."""
    return child(widget, name).text()


def choose(widget: QWidget, name: str, index: int) -> None:
    """Choose an item of a list as a user does."""
    box = child(widget, name)
    box.setCurrentIndex(index)
    box.activated.emit(index)


def choose_model(dock: RunWidget, path: Path) -> None:
    """Choose a model file, as after browsing for it."""
    dock.findChild(ModelPicker).choose(path)


def open_page(dock: RunWidget, name: str) -> None:
    """Click the tab of a page."""
    dock.findChild(Tabs).open_page(name)


def results_in(viewer) -> list[SlideResult]:
    """Return the results of which the viewer has layers, oldest first."""
    shown = [layer.metadata["result"] for layer in viewer.layers if "result" in layer.metadata]
    return list({id(result): result for result in shown}.values())


def export_dialog(dock: RunWidget) -> ExportDialog:
    """Press the button that exports for QuPath, and return the dialog."""
    child(dock, "export_geojson").click()
    return dock.findChild(ExportDialog)


def accept(dialog: ExportDialog) -> None:
    """Press Export."""
    buttons = dialog.findChild(QDialogButtonBox).buttons()
    next(button for button in buttons if button.text() == "Export").click()


def export_to(dock: RunWidget, path: Path) -> None:
    """Export for QuPath with the default options."""
    dialog = export_dialog(dock)
    child(dialog, "export_path").setText(str(path))
    accept(dialog)


def a_result_of(drawn: DrawnSlide, *, mpp: float | None = None, **changes) -> SlideResult:
    """Draw a result over the tissue of a drawn slide; `changes` are those of `a_prediction`."""
    tiles = tile_grid([(4 + n % 8, 2 + n // 8) for n in range(64)], side_px0=128)
    return a_result(tiles, slide=open_slide(drawn.path, mpp).facts, prediction=a_prediction(len(tiles), **changes))
