"""Make the README's screenshots: python examples/screenshots.py [SLIDE] [--out examples/screenshots].

Plays a user in a real napari window: opens the slide (by default the lung mosaic), runs the bundled model from the
dock, and looks, compares, asks and checks. Needs a screen; on a machine without one, a virtual one:
xvfb-run -a -s '-screen 0 1600x1200x24' python …
The picture of the report needs `pip install 'napari-msm-mil[pdf]' pypdfium2` as well.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import napari
from napari.settings import get_settings
from napari.utils.notifications import NotificationSeverity
from qtpy.QtWidgets import QApplication, QLabel, QListWidget, QScrollArea, QWidget

from msm_mil_core.cli.app import call
from msm_mil_core.slides.sample import LUNG
from napari_msm_mil.dock.result_panel import ResultPanel
from napari_msm_mil.dock.run_widget import RunWidget
from napari_msm_mil.widgets.tabs import Tabs

LONGEST_S = 600
PAGES = 2
"""Of the report, side by side."""
DEMO_WIDTH_PX = 1600


def main() -> None:
    """Open, run, look, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("slide", type=Path, nargs="?", default=LUNG.path)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "screenshots")
    arguments = parser.parse_args()
    get_settings().application.gui_notification_level = NotificationSeverity.ERROR  # no note on top of the picture
    arguments.out.mkdir(parents=True, exist_ok=True)
    window = Window(arguments.slide, arguments.out)
    window.run()
    window.look_side_by_side()
    window.browse()
    window.compare()
    window.ask()
    window.check()
    saved = window.saved
    window.viewer.close()
    picture_report(saved, arguments.out / "report.png")
    picture_demo(arguments.out / "demo.png")


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

    def run(self) -> None:
        """Run the model, and look at what it says."""
        before = len(self.viewer.layers)
        self.press("run")
        wait(lambda: len(self.viewer.layers) > before)
        self.save("window")

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


def child(dock: RunWidget, name: str) -> QWidget:
    found = dock.findChild(QWidget, name)
    if found is None:
        raise SystemExit(f"the dock has no {name}")
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
