"""What napari's command palette and menus start: each command acts on the dock, which is opened where there is none."""

import napari
from napari.plugins import menu_item_template
from napari.utils.notifications import show_info

from msm_mil_core.errors import MsmMilError
from napari_msm_mil.dock.run_widget import RunWidget

DOCK_NAME = menu_item_template.format("MSM-MIL", "Run MSM-MIL")
"""As napari's own menu names the dock: that menu closes and opens this one, instead of a second."""


def open_result() -> None:
    """Ask for a saved result and show it."""
    _act("open result")


def start_run() -> None:
    """Run the chosen model on the chosen slide."""
    _act("run")


def cancel_run() -> None:
    """Cancel the run."""
    _act("cancel")


def save_result() -> None:
    """Ask where to save the result."""
    _act("save result")


def export_geojson() -> None:
    """Ask what to export for QuPath."""
    _act("export")


def report() -> None:
    """Ask where to write the report."""
    _act("report")


def choose_model() -> None:
    """Ask for the file of a model, and import it if it was made elsewhere."""
    _act("choose model")


def use_features() -> None:
    """Ask for a file of features that were encoded before."""
    _act("use features")


def use_features_folder() -> None:
    """Ask for a folder of features that were encoded before."""
    _act("use features folder")


def send_to_qupath() -> None:
    """Send the result to a running QuPath."""
    _act("send to QuPath")


def fetch_regions() -> None:
    """Take the annotations of a running QuPath as regions."""
    _act("fetch regions")


def open_regions() -> None:
    """Ask for a file of annotations, and take them as regions."""
    _act("open regions")


def follow_qupath() -> None:
    """Let QuPath and this window follow each other's view, or stop it."""
    _act("follow QuPath")


def gateway() -> None:
    """Ask for the port and the token of QuPath's gateway."""
    _act("gateway")


def show_stages() -> None:
    """Bring the page of the stages to the front."""
    _act("Stages")


def show_gallery() -> None:
    """Bring the gallery to the front."""
    _act("Gallery")


def compare() -> None:
    """Bring the comparison of stages to the front."""
    _act("Compare")


def compare_with() -> None:
    """Ask for another result of the slide, and compare both."""
    _act("compare with")


def ask() -> None:
    """Bring the questions to the front."""
    _act("Ask")


def check() -> None:
    """Bring the checks to the front."""
    _act("Check")


def verdict() -> None:
    """Bring the verdicts to the front."""
    _act("Verdict")


def all_stages() -> None:
    """Show the top tiles of all stages."""
    _act("all stages")


def evidence() -> None:
    """Show the evidence for the answer."""
    _act("evidence")


def next_stage() -> None:
    """Show the next stage alone."""
    _act("next")


def previous_stage() -> None:
    """Show the previous stage alone."""
    _act("previous")


def release() -> None:
    """Show again what was shown before a stage was shown alone."""
    _act("release")


def next_tile() -> None:
    """Go to the next tile of the gallery."""
    _act("next tile")


def previous_tile() -> None:
    """Go to the previous tile of the gallery."""
    _act("previous tile")


def side_by_side() -> None:
    """Show the stages side by side, or end it."""
    _act("side by side")


def blink() -> None:
    """Blink between two stages, or stop."""
    _act("blink")


def claimed() -> None:
    """Show or hide the outlines of claimed tiles."""
    _act("claimed")


def tile_values() -> None:
    """Add a layer of labels, one a tile, with all measurements as its features."""
    _act("tile values")


def keys() -> None:
    """List the keys."""
    _act("keys")


def open_dock() -> RunWidget:
    """Return the dock of the current viewer, in view; it is opened where there is none.

    Raises
    ------
    MsmMilError
        If there is no napari window.
    """
    viewer = napari.current_viewer()
    if viewer is None:
        raise MsmMilError("There is no napari window for this command. Open one first: napari, or napari.Viewer().")
    docks = [widget for widget in viewer.window.dock_widgets.values() if isinstance(widget, RunWidget)]
    if not docks:
        dock = RunWidget(viewer)
        viewer.window.add_dock_widget(dock, name=DOCK_NAME)
        return dock
    around = docks[-1].parent()
    around.show()
    around.raise_()
    return docks[-1]


def _act(action: str) -> None:
    problem = open_dock().act(action)
    if problem:
        show_info(problem)
