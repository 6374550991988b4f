"""The slide of a result that was moved is asked for: as a file, or as the folder that it is."""

from dataclasses import replace

import pytest
from qtpy.QtWidgets import QFileDialog, QWidget

from msm_mil_core.slides.slide import open_slide
from napari_msm_mil.files.slide_locator import SlideLocator
from tests.level_files import write_ome_tiff, write_ome_zarr
from tests.tiled_slides import a_field

FIELD = a_field((96, 64))


@pytest.mark.parametrize(("name", "dialog"), [("a.ome.tif", "getOpenFileName"), ("a.zarr", "getExistingDirectory")])
def test_a_slide_is_asked_for_as_what_it_is(qtbot, monkeypatch, tmp_path, name: str, dialog: str):
    if name.endswith(".zarr"):
        pytest.importorskip("zarr", reason="OME-Zarr is written here by the library zarr")
    moved = (write_ome_zarr if name.endswith(".zarr") else write_ome_tiff)(tmp_path / name, FIELD)
    with open_slide(moved) as slide:
        gone = replace(slide.facts, path=str(tmp_path / "gone" / name))
    window = QWidget()
    qtbot.addWidget(window)
    answer = str(moved) if dialog == "getExistingDirectory" else (str(moved), "")
    monkeypatch.setattr(QFileDialog, dialog, lambda *_: answer)
    locator = SlideLocator(window)

    with qtbot.waitSignal(locator.found) as found:
        locator.ask(gone)

    (slide,) = found.args
    assert slide.facts.path == str(moved)
    slide.close()
