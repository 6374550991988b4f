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


def show_stages() -> None:
    """Bring the page of the stages to the front."""
    _act("Stages")


def show_gallery() -> None:
    """Bring the gallery to the front."""
    _act("Gallery")


def compare() -> None:
    """Bring the comparison of stages to the front."""
    _act("Compare")


def ask() -> None:
    """Bring the questions to the front."""
    _act("Ask")


def check() -> None:
    """Bring the checks to the front."""
    _act("Check")


def verdict() -> None:
    """Bring the verdicts to the front."""
    _act("Verdict")


def next_stage() -> None:
    """Show the next stage alone."""
    _act("next")


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
