"""In the window, maps that are the classes' own are named by their classes: table, legend, layers, lists, pages."""

import re
from dataclasses import replace

import pytest
from qtpy.QtWidgets import QAbstractButton, QComboBox, QDialog, QLabel, QLineEdit, QTabBar, QWidget

from napari_msm_mil.dock.result_panel import ResultPanel
from napari_msm_mil.dock.run_widget import RunWidget
from napari_msm_mil.widgets.tabs import Tabs
from tests.class_maps import CLASSES, a_class_map_result
from tests.results import a_result
from tests.window.dock_user import child, choose, export_dialog, open_dock, open_page, settle, text_of

STAGE = re.compile(r"\bstages?\b", re.IGNORECASE)
NAMES = [f"Map of {name}" for name in CLASSES]


@pytest.fixture
def dock(qtbot, viewer, tmp_path, monkeypatch):
    with open_dock(qtbot, viewer, monkeypatch, tmp_path) as dock:
        dock.show_result(a_class_map_result())
        yield dock


def said(widget: QWidget) -> list[str]:
    """All that a user may read or hear in a widget."""
    texts = [each.text() for kind in (QLabel, QAbstractButton, QLineEdit) for each in widget.findChildren(kind)]
    boxes, bars = widget.findChildren(QComboBox), widget.findChildren(QTabBar)
    items = [box.itemText(at) for box in boxes for at in range(box.count())]
    tabs = [text for bar in bars for at in range(bar.count()) for text in (bar.tabText(at), bar.tabToolTip(at))]
    heard = ((each.accessibleName(), each.accessibleDescription(), each.toolTip()) for each in all_in(widget))
    return [*texts, *items, *tabs, *(text for texts in heard for text in texts)]


def all_in(widget: QWidget) -> list[QWidget]:
    return widget.findChildren(QWidget)


def entries(dock: RunWidget, name: str) -> list[str]:
    box = child(dock, name)
    return [box.itemText(at) for at in range(box.count())]


def test_nothing_in_the_dock_speaks_of_a_stage(dock, qtbot):
    for page in ("Gallery", "Compare", "Ask", "Check", "Verdict", "Stages"):
        open_page(dock, page)
        settle()
    child(dock, "check").click()
    qtbot.waitUntil(lambda: "LUAD" in text_of(dock, "check_effects"))

    panel = dock.findChild(ResultPanel)
    assert [text for part in (panel, panel.pinned) for text in said(part) if STAGE.search(text)] == []
    assert dock.findChild(QTabBar).tabText(0) == "Maps"


def test_the_export_dialog_and_the_keys_speak_of_maps(dock):
    dialog = export_dialog(dock)
    dock.act("keys")
    keys = dock.findChild(QDialog, "keys_dialog")

    speaks = [text for part in (dialog, keys) for text in said(part)]
    dialog.close()
    keys.close()

    assert [text for text in speaks if STAGE.search(text)] == []
    assert "Top tiles of each map, as annotations" in speaks
    assert "Show the next map alone" in speaks


def test_lines_lists_and_the_legend_name_the_classes(dock):
    assert [text_of(dock, f"show_{c}") for c in range(3)] == list(CLASSES)
    assert entries(dock, "evidence_stage") == ["all maps", *NAMES]
    assert entries(dock, "contrast_stage") == ["all maps", *NAMES]
    assert entries(dock, "ask_stage") == NAMES
    assert "Maps of normal" in text_of(dock, "legend")
    assert (text_of(dock, "view_all"), text_of(dock, "view_one")) == ("All maps", "One map")


def test_layers_are_named_by_the_classes(dock, viewer):
    maps = [layer.name for layer in viewer.layers if "stage" in layer.metadata]
    assert [layer.colormap.name for layer in viewer.layers if "stage" in layer.metadata] == [
        "normal 1",
        "LUAD 2",
        "LUSC 3",
    ]
    assert [re.sub(r" .*", "", name) for name in maps] == list(CLASSES)

    choose(dock, "contrast", 0)

    assert all(
        name.split()[0] in CLASSES for name in (layer.name for layer in viewer.layers if "stage" in layer.metadata)
    )


def test_weights_of_stages_are_not_told_of_classes(dock):
    shown = [label.text() for label in dock.findChild(Tabs).findChildren(QLabel) if label.isVisibleTo(dock)]

    assert "Weight" not in shown
    assert "0.333" not in shown


def test_a_result_of_stages_is_named_as_ever_again(dock):
    dock.show_result(a_result())

    assert [text_of(dock, f"show_{stage}") for stage in range(3)] == ["1", "2", "3"]
    assert text_of(dock, "view_all") == "All stages"
    assert dock.findChild(QTabBar).tabText(0) == "Stages"
    assert text_of(dock, "verdict_explained").startswith("What did each stage look at?")
    assert entries(dock, "contrast_stage") == ["all stages", "Stage 1", "Stage 2", "Stage 3"]


def test_long_class_names_are_cut_and_told_in_full_and_do_not_widen_the_dock(dock):
    widths = []
    for name in ("differentiated", "poorly differentiated adenocarcinoma of the lung"):
        result, classes = a_class_map_result(), ("normal", name, f"not {name}")
        prediction = replace(result.prediction, classes=classes)
        outputs = replace(result.tile_outputs, classes=classes)
        dock.show_result(replace(result, prediction=prediction, tile_outputs=outputs))
        for page in ("Compare", "Stages"):
            open_page(dock, page)
            settle()
        widths.append(dock.findChild(Tabs).minimumSizeHint().width())
        assert text_of(dock, "show_1").endswith("…")
        assert child(dock, "show_1").accessibleName() == f"Show Map of {name}"

    assert widths[0] == widths[1]
