"""Make the README's screenshots: python examples/screenshots.py [SLIDE] [--out examples/screenshots].

Plays a user in a real napari window: imports a model made elsewhere, opens the slide (by default the lung mosaic),
runs the bundled model from the dock, and looks, compares, asks, checks and exports; then runs it without masks, and
puts both results side by side. Nothing that the user chose before counts, and nothing of it is kept.
Needs a screen; on a machine without one, a virtual one: xvfb-run -a -s '-screen 0 1600x1200x24' python …
The picture of the report needs `pip install 'napari-msm-mil[pdf]' pypdfium2` as well.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import napari
import numpy as np
from napari.settings import get_settings
from napari.utils.notifications import NotificationSeverity
from qtpy.QtCore import QSettings
from qtpy.QtWidgets import QApplication, QDialog, QLabel, QListWidget, QScrollArea, QWidget

from msm_mil_core.cli.app import call
from msm_mil_core.slides.sample import LUNG
from napari_msm_mil.dock.result_panel import ResultPanel
from napari_msm_mil.files.export_dialog import ExportDialog
from napari_msm_mil.pages.compare.other_controller import OtherResultController
from napari_msm_mil.run.import_dialog import ImportDialog
from napari_msm_mil.run.model_picker import ModelPicker
from napari_msm_mil.widgets.tabs import Tabs

LONGEST_S = 600
PAGES = 2
"""Of the report, side by side."""
DEMO_WIDTH_PX = 1600
COLOURS = 256
"""Of a picture: it is a third as large then, and looks the same."""


def main() -> None:
    """Open, run, look, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("slide", type=Path, nargs="?", default=LUNG.path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "screenshots")
    arguments = parser.parse_args()
    get_settings().application.gui_notification_level = NotificationSeverity.ERROR  # no note on top of the picture
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)
        window = Window(arguments.slide, arguments.out)
        window.import_model(Path(folder))
        saved = window.play()
        window.viewer.close()
    picture_report(saved, arguments.out / "report.png")
    picture_demo(arguments.out / "demo.png")
    for picture in arguments.out.glob("*.png"):
        shrink(picture)


class Window:
    """A napari window with the dock, driven like a user would."""

    def __init__(self, slide: Path, out: Path) -> None:
        self.out = out
        self.viewer = napari.Viewer()
        self.viewer.window.resize(1560, 1000)
        self.viewer.open(str(slide), plugin="napari-msm-mil")
        _, self.dock = self.viewer.window.add_plugin_dock_widget("napari-msm-mil", "Run MSM-MIL")

    @property
    def saved(self) -> Path:
        """Where the result is saved."""
        return Path(self.dock.findChild(QLabel, "kept").text().removeprefix("Saved in ")).expanduser()

    def play(self) -> Path:
        """Do everything that is pictured, and return where the result is saved."""
        self.run()
        self.save("window")
        self.look_side_by_side()
        self.browse()
        self.compare()
        self.ask()
        self.check()
        self.export()
        saved = self.saved
        self.compare_results(saved)
        return saved

    def import_model(self, folder: Path) -> None:
        """Choose the file of a model that was made elsewhere, and answer what it does not say."""
        np.savez(folder / "clam_sb.npz", **clam_weights())
        self.dock.findChild(ModelPicker).choose(folder / "clam_sb.npz")
        wait(lambda: self.dock.findChild(ImportDialog) is not None)
        dialog = self.dock.findChild(ImportDialog)
        child(dialog, "import_classes").setPlainText("normal\ntumour")
        child(dialog, "import_encoder").setText("timm:resnet50")
        child(dialog, "import_side").setValue(256)
        child(dialog, "import_mpp").setValue(0.5)
        child(dialog, "import_path").setText("clam_sb.safetensors")
        self.save_dialog("import-model", dialog)

    def run(self) -> None:
        """Run the model."""
        before = len(self.viewer.layers)
        self.press("run")
        wait(lambda: len(self.viewer.layers) > before)

    def look_side_by_side(self) -> None:
        """Look at all stages at once."""
        self.press("side_by_side")
        self.save("side-by-side")
        self.press("side_by_side")

    def browse(self) -> None:
        """Look at the top tiles, and go to one."""
        self.dock.findChild(Tabs).open_page("Gallery")
        pictures = self.dock.findChild(QListWidget, "gallery")
        wait(lambda: pictures.count() > 0)
        pictures.setCurrentRow(1)
        look(1.0)
        self.save("gallery")
        self.press("unlock_tile")
        self.viewer.reset_view()

    def compare(self) -> None:
        """Compare the stages, and show which one wins."""
        self.dock.findChild(Tabs).open_page("Compare")
        wait(lambda: bool(self.dock.findChild(QLabel, "findings").text()))
        self.press("map_winner")
        self.save("compare")
        self.press("map_winner")

    def ask(self) -> None:
        """Ask what the model would say without the top of stage 1."""
        self.dock.findChild(Tabs).open_page("Ask")
        child(self.dock, "ask_what").setCurrentText("the top tiles of")
        child(self.dock, "ask_percent").setValue(20.0)
        self.press("ask")
        self.press("ask_maps")
        child(self.dock, "ask_name").setText("Without the top of stage 1?")
        self.press("ask_keep")
        self.save("what-if")
        self.press("ask_maps")

    def check(self) -> None:
        """Check whether it matters where the stages look."""
        self.dock.findChild(Tabs).open_page("Check")
        self.press("check")
        wait(lambda: bool(self.dock.findChild(QLabel, "check_effects").text()))
        self.save("check")

    def export(self) -> None:
        """Look at what can be exported."""
        self.press("export_geojson")
        dialog = self.dock.findChild(ExportDialog)
        child(dialog, "export_path").setText("lung-mosaic.geojson")
        self.save_dialog("export", dialog)

    def compare_results(self, first: Path) -> None:
        """Run the same model without masks, and put the result beside the first."""
        self.press("change_setup")
        self.press("advanced")
        masks = child(self.dock, "masks")
        masks.setCurrentIndex(masks.findText("never"))
        self.run()
        self.dock.findChild(Tabs).open_page("Compare")
        self.dock.findChild(OtherResultController).compare_with(first, 5.0)
        wait(lambda: "overlap" in self.dock.findChild(QLabel, "other_text").text())
        self.press("other_side_by_side")
        column = self.dock.findChild(QScrollArea)
        top = child(self.dock, "compare_other")
        look(1.0)
        column.verticalScrollBar().setValue(top.mapTo(column.widget(), top.rect().topLeft()).y() - 8)
        look(0.7)
        self.viewer.window.screenshot(str(self.out / "two-results.png"), canvas_only=False)

    def save_dialog(self, name: str, dialog: QDialog) -> None:
        """Save a dialog alone, and close it."""
        look(0.7)
        dialog.grab().save(str(self.out / f"{name}.png"))
        dialog.reject()
        look(0.3)

    def press(self, name: str) -> None:
        """Press a button of the dock."""
        child(self.dock, name).click()
        look(0.3)

    def save(self, name: str) -> None:
        """Bring the result's panel to the top of the dock, and save the window."""
        look(0.5)
        column, panel = self.dock.findChild(QScrollArea), self.dock.findChild(ResultPanel)
        column.verticalScrollBar().setValue(panel.mapTo(column.widget(), panel.rect().topLeft()).y() - 8)
        look(0.7)
        self.viewer.window.screenshot(str(self.out / f"{name}.png"), canvas_only=False)


def clam_weights() -> dict[str, np.ndarray]:
    """Draw weights of a small CLAM-SB that was never trained."""
    shapes = {"attention_net.0": (512, 1024), "classifiers": (2, 512), "attention_net.3.attention_c": (1, 256)}
    shapes |= {f"attention_net.3.attention_{gate}.0": (256, 512) for gate in "ab"}
    weights = {f"{name}.weight": np.zeros(shape, np.float32) for name, shape in shapes.items()}
    return weights | {f"{name}.bias": np.zeros(shape[0], np.float32) for name, shape in shapes.items()}


def shrink(picture: Path) -> None:
    """Write a picture with fewer colours."""
    from PIL import Image

    drawn = Image.open(picture).convert("RGB")
    drawn.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.FLOYDSTEINBERG).save(picture, optimize=True)


def child(dock: QWidget, name: str) -> QWidget:
    found = dock.findChild(QWidget, name)
    if found is None:
        raise SystemExit(f"the window has no {name}")
    return found


def wait(there: Callable[[], bool]) -> None:
    """Let the window work until something is there."""
    give_up = time.monotonic() + LONGEST_S
    while not there() and time.monotonic() < give_up:
        look(0.1)


def look(seconds: float) -> None:
    """Let the window draw for a while."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        QApplication.processEvents()
        time.sleep(0.01)


def picture_report(result: Path, target: Path) -> None:
    """Write the report of a result as PDF, and draw its first pages."""
    import pypdfium2
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        call(["report", str(result), "--out", folder, "--pdf"])
        (pdf,) = Path(folder).glob("*.pdf")
        document = pypdfium2.PdfDocument(pdf)
        pages = [document[number].render(scale=1.5).to_pil() for number in range(PAGES)]
    drawn = Image.new("RGB", (sum(page.width for page in pages), pages[0].height), "white")
    for number, page in enumerate(pages):
        drawn.paste(page, (number * page.width, 0))
    drawn.save(target)


def picture_demo(target: Path) -> None:
    """Run the demonstration, and draw its maps beside what is known, small enough for a page."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        call(["demo", "--sample", "lung", "--no-window", "--out", folder])
        drawn = Image.open(Path(folder) / f"{LUNG.path.stem}.png").convert("RGB")
    size = (DEMO_WIDTH_PX, drawn.height * DEMO_WIDTH_PX // drawn.width)
    drawn.resize(size, Image.Resampling.LANCZOS).save(target, optimize=True)


if __name__ == "__main__":
    main()
