"""What nobody would do in this order, done twice and quickly: nothing fails, hangs or is lost."""

import random
from dataclasses import dataclass
from pathlib import Path

import pytest
from napari.layers import Image, Layer, Shapes
from qtpy.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QDockWidget,
    QFileDialog,
    QMessageBox,
    QPushButton,
    QToolButton,
    QWidget,
)

from msm_mil_core.results.result_file import load_result, save_result
from napari_msm_mil.dock.run_widget import RunWidget
from tests.slides import TISSUE, a_drawn_slide, a_picture
from tests.window.dock_user import (
    RUN_MS,
    a_features_file,
    a_model_file,
    a_result_of,
    child,
    choose_model,
    dock_in,
    keep_apart,
    results_in,
    settle,
    show_slide,
    text_of,
)

NAMES = (
    *("open result", "run", "cancel", "choose model", "use features", "use features folder", "open regions", "keys"),
    *("gateway", "save result", "export", "report", "compare with", "tile values"),
    *("Stages", "Gallery", "Compare", "Ask", "Check", "Verdict"),
    *("all stages", "evidence", "next", "previous", "release", "blink", "side by side", "claimed"),
    *("next tile", "previous tile", *(f"show {stage}" for stage in range(3))),
)
"""All that commands and keys ask for, but what talks to QuPath."""
LEFT_ALONE = {"features_same_encoder"}
STEPS = 40


@dataclass
class User:
    """Someone who does anything that the window offers."""

    viewer: object
    dock: RunWidget
    drawn: object
    chance: random.Random

    def act(self) -> None:
        """Do one thing, half of the time twice."""
        ways = (self.command, self.press, self.choose, self.remove, self.rename, self.hide, self.select, self.move)
        others = (self.open_slide, self.open_picture, self.draw, self.show_another, self.theme, self.undock, self.rest)
        way = self.chance.choice((*ways, *ways, *others))
        for _ in range(self.chance.choice((1, 2))):
            way()
        if self.chance.random() < 0.5:
            QApplication.processEvents()
        for dialog in self.dock.findChildren(QDialog):
            dialog.reject()

    def command(self) -> None:
        self.dock.act(self.chance.choice(NAMES))

    def press(self) -> None:
        buttons = [each for each in self.dock.findChildren(QWidget) if hasattr(each, "click")]
        seen = [each for each in buttons if each.isVisible() and each.isEnabled() and each.objectName()]
        seen = [each for each in seen if each.objectName() not in LEFT_ALONE and not opens_menu(each)]
        if seen:
            self.chance.choice(seen).click()

    def choose(self) -> None:
        boxes = self.dock.findChildren(QComboBox)
        boxes = [each for each in boxes if each.isVisible() and each.isEnabled() and each.count()]
        for box in self.chance.sample(boxes, min(1, len(boxes))):
            at = self.chance.randrange(box.count())
            if box.itemData(at) != "dask":
                box.setCurrentIndex(at)
                box.activated.emit(at)

    def layer(self) -> Layer | None:
        return self.chance.choice(self.viewer.layers) if self.viewer.layers else None

    def remove(self) -> None:
        layer = self.layer()
        if layer is not None and self.chance.random() < 0.5:
            self.viewer.layers.remove(layer)

    def rename(self) -> None:
        layer = self.layer()
        if layer is not None:
            layer.name = self.chance.choice(("mine", "Stage 1", "", layer.name))

    def hide(self) -> None:
        layer = self.layer()
        if layer is not None:
            layer.visible = not layer.visible

    def select(self) -> None:
        layer = self.layer()
        if layer is not None:
            self.viewer.layers.selection.active = layer

    def move(self) -> None:
        if self.viewer.layers:
            self.viewer.layers.move(*(self.chance.randrange(len(self.viewer.layers)) for _ in range(2)))

    def open_slide(self) -> None:
        show_slide(self.viewer, self.drawn)

    def open_picture(self) -> None:
        pixels = a_picture((96, 64), {(16, 16, 64, 32): TISSUE})
        self.viewer.add_layer(Image(pixels, rgb=True, name="of another plugin"))

    def draw(self) -> None:
        self.viewer.add_layer(Shapes([[[300, 600], [300, 900], [700, 900]]], shape_type="polygon", name="region"))

    def show_another(self) -> None:
        seed, stages = self.chance.randrange(3), self.chance.choice((1, 3))
        self.dock.show_result(a_result_of(self.drawn, seed=seed, S=stages))

    def theme(self) -> None:
        self.viewer.theme = self.chance.choice(("light", "dark"))

    def undock(self) -> None:
        around = self.dock.parent()
        while not isinstance(around, QDockWidget):
            around = around.parent()
        around.setFloating(not around.isFloating())

    def rest(self) -> None:
        settle()


def opens_menu(button: QWidget) -> bool:
    """Return whether a press waits until something is chosen in a menu."""
    return isinstance(button, QPushButton | QToolButton) and button.menu() is not None


@pytest.fixture
def user(make_napari_viewer, monkeypatch, tmp_path, nothing_remembered):
    """A user with a slide, a model, features and a result at hand, who closes each dialog with a file or with none."""
    keep_apart(monkeypatch, tmp_path)
    drawn = a_drawn_slide(tmp_path / "drawn.tiff")
    saved, model = tmp_path / "saved.msm.h5", a_model_file(tmp_path / "model.safetensors")
    save_result(a_result_of(drawn, seed=9), saved)
    features = a_features_file(tmp_path / "features" / "drawn.h5")
    chance = random.Random()
    asked = [str(saved), str(model), str(features), ""]
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (chance.choice(asked), ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: chance.choice([str(features.parent), ""]))
    to = [str(tmp_path / "kept.msm.h5"), str(tmp_path / "kept.html"), ""]
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (chance.choice(to), ""))
    monkeypatch.setattr(QMessageBox, "exec_", lambda *_: QMessageBox.StandardButton.Cancel)
    viewer = make_napari_viewer(show=True)
    dock = dock_in(viewer)
    choose_model(dock, model)
    yield User(viewer, dock, drawn, chance)
    settle()


@pytest.mark.parametrize("seed", range(2))
def test_whatever_is_done_in_whatever_order_the_window_goes_on(user, qtbot, tmp_path, seed):
    user.chance.seed(seed)

    for _ in range(STEPS):
        user.act()
    user.dock.act("cancel")
    qtbot.waitUntil(lambda: text_of(user.dock, "run") == "Run", timeout=RUN_MS)
    settle()

    shown = user.dock.result
    assert shown in results_in(user.viewer) if results_in(user.viewer) else shown is None
    assert not user.viewer.canvas.grid.enabled or child(user.dock, "side_by_side").isChecked()
    for file in Path(tmp_path / "results").glob("*.h5"):
        load_result(file)  # whole, or it raises


def test_theme_dock_and_slides_may_change_in_mid_run(user, qtbot):
    slide = show_slide(user.viewer, user.drawn)
    other = show_slide(user.viewer, a_drawn_slide(user.drawn.path.with_name("other.tiff")))

    child(user.dock, "run").click()
    for do in (user.undock, user.open_slide, user.undock, lambda: setattr(user.viewer, "theme", "light")):
        do()
        QApplication.processEvents()
    user.viewer.layers.selection.active = other
    slide.name = "renamed"
    qtbot.waitUntil(lambda: text_of(user.dock, "run") == "Run", timeout=RUN_MS)
    settle()

    (result,) = results_in(user.viewer)
    assert result.slide.name == user.drawn.path.name
    lies_on = {layer.metadata["lies_on"] for layer in user.viewer.layers if "lies_on" in layer.metadata}
    assert lies_on == {slide.unique_id}


def test_pressing_run_and_cancel_quickly_ends_in_the_state_of_the_last_press(user, qtbot):
    show_slide(user.viewer, user.drawn)

    for _ in range(3):
        child(user.dock, "run").click()  # Run
        child(user.dock, "run").click()  # Cancel
        child(user.dock, "run").click()  # Cancelling…: nothing
        qtbot.waitUntil(lambda: text_of(user.dock, "run") == "Run", timeout=RUN_MS)
    child(user.dock, "run").click()
    qtbot.waitUntil(lambda: text_of(user.dock, "run") == "Run", timeout=RUN_MS)
    settle()

    assert len(results_in(user.viewer)) == 1
    assert text_of(user.dock, "message").startswith("Done")
