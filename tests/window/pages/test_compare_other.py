"""A second result of the slide beside the first, in the dock: in words, as maps, side by side."""

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtWidgets import QFileDialog

from msm_mil_core.results.result_file import save_result
from napari_msm_mil.pages.compare.other_panel import ASK
from tests.results import a_prediction
from tests.window.dock_user import a_result_of, child, dock_in, open_page, settle, show_slide, text_of

MAPS = ("models_agreement", "models_spread", "models_difference")


@pytest.fixture
def dock(napari_viewer, drawn):
    show_slide(napari_viewer, drawn)
    dock = dock_in(napari_viewer)
    dock.show_result(a_result_of(drawn, mpp=1.0))
    open_page(dock, "Compare")
    settle()
    return dock


def another(drawn, path, *, name="fold 2", seed=1, **changes):
    result = a_result_of(drawn, mpp=1.0)
    result = replace(result, prediction=a_prediction(len(result.tiles), seed=seed), **changes)
    save_result(replace(result, model=replace(result.model, name=name)), path)
    return path


def compare_with(dock, qtbot, monkeypatch, path):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    child(dock, "compare_other").click()
    qtbot.waitUntil(lambda: text_of(dock, "other_text") not in {ASK, f"Reading {path.name}…"})


def keys(viewer):
    return {layer.metadata.get("key") for layer in viewer.layers}


def test_both_are_told_in_words(dock, qtbot, monkeypatch, drawn, tmp_path):
    assert text_of(dock, "other_text") == ASK

    compare_with(dock, qtbot, monkeypatch, another(drawn, tmp_path / "b.msm.h5"))

    words = text_of(dock, "other_text")
    for told in ("drawn model says", "fold 2 says", "rank correlation", "Of 64 tiles"):
        assert told in words


def test_maps_are_layers_with_a_legend(dock, qtbot, monkeypatch, napari_viewer, drawn, tmp_path):
    compare_with(dock, qtbot, monkeypatch, another(drawn, tmp_path / "b.msm.h5"))

    for name in MAPS:
        child(dock, f"map_{name}").click()
        assert "fold 2" in text_of(dock, f"map_{name}_legend")
        assert name.replace("_", "-") in keys(napari_viewer)
        child(dock, f"map_{name}").click()

    assert not {name.replace("_", "-") for name in MAPS} & keys(napari_viewer)


def test_both_stand_side_by_side_and_the_canvas_returns(dock, qtbot, monkeypatch, napari_viewer, drawn, tmp_path):
    compare_with(dock, qtbot, monkeypatch, another(drawn, tmp_path / "b.msm.h5"))
    before = [(layer.name, layer.visible) for layer in napari_viewer.layers]

    child(dock, "other_side_by_side").click()
    settle()
    shown = [
        layer for layer in napari_viewer.layers if layer.visible and layer.metadata.get("key", "").startswith("model-")
    ]
    assert [layer.name for layer in shown] == ["drawn model", "fold 2"]
    assert napari_viewer.canvas.grid.enabled
    assert not np.allclose(shown[0].data, shown[1].data, equal_nan=True)

    child(dock, "other_side_by_side").click()
    settle()
    assert not napari_viewer.canvas.grid.enabled
    assert [(layer.name, layer.visible) for layer in napari_viewer.layers] == before


def test_another_slide_is_refused(dock, qtbot, monkeypatch, drawn, tmp_path):
    slide = replace(a_result_of(drawn, mpp=1.0).slide, name="other.svs", quick_hash="ab")

    compare_with(dock, qtbot, monkeypatch, another(drawn, tmp_path / "b.msm.h5", slide=slide))

    assert "is of the slide other.svs" in text_of(dock, "other_text")
    assert not child(dock, "other_side_by_side").isVisibleTo(dock)


def test_it_can_be_put_away(dock, qtbot, monkeypatch, napari_viewer, drawn, tmp_path):
    compare_with(dock, qtbot, monkeypatch, another(drawn, tmp_path / "b.msm.h5"))
    child(dock, "map_models_spread").click()

    child(dock, "other_remove").click()

    assert text_of(dock, "other_text") == ASK
    assert "models-spread" not in keys(napari_viewer)


def offered(dock):
    child(dock, "compare_other").click()
    menu = child(dock, "other_results")
    menu.close()
    return {action.text().replace("&&", "&"): action for action in menu.actions() if action.text()}


def test_a_result_that_is_open_is_offered_and_needs_no_file(dock, drawn):
    other = a_result_of(drawn, mpp=1.0)
    other = replace(other, model=replace(other.model, name="fold & seed"), prediction=a_prediction(64, seed=1))
    dock.show_result(other)
    first = next(text for text in offered(dock) if text.startswith("Run 1: drawn model, "))

    offered(dock)[first].trigger()
    settle()

    assert list(offered(dock)) == [first, "From a file…"]
    assert "drawn model says" in text_of(dock, "other_text")
    assert "fold & seed says" in text_of(dock, "other_text")


def test_beside_open_results_a_file_can_be_chosen_all_the_same(dock, monkeypatch, drawn, tmp_path):
    dock.show_result(a_result_of(drawn, mpp=1.0, seed=2))
    file = another(drawn, tmp_path / "b.msm.h5", name="of a file")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))

    offered(dock)["From a file…"].trigger()
    settle()

    assert "of a file says" in text_of(dock, "other_text")
