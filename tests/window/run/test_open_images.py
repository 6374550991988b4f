"""Images that other readers have opened are run as they are: their units are the size of a pixel, maps follow them."""

from pathlib import Path

import dask.array as da
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image
from npe2 import PluginManifest
from PIL import Image as Picture
from qtpy.QtWidgets import QComboBox

from msm_mil_core.slides.slide import open_slide
from napari_msm_mil.slides.open_images import as_slide, open_images, pixel_scale
from tests.slides import HOT, TISSUE, a_drawn_slide, a_picture
from tests.window.dock_user import RUN_MS, a_model_file, child, open_dock, results_in, text_of

PIXELS = a_picture((768, 512), {(128, 128, 384, 256): TISSUE, (256, 192, 128, 128): HOT})
MICROMETRE = ("micrometer", "micrometer")


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return a_model_file(tmp_path_factory.mktemp("models") / "drawn-model.safetensors")


@pytest.fixture
def viewer() -> ViewerModel:
    return ViewerModel()


@pytest.fixture
def dock(qtbot, viewer, model, tmp_path, monkeypatch):
    with open_dock(qtbot, viewer, monkeypatch, tmp_path, model) as dock:
        yield dock


def levels_of(pixels: np.ndarray) -> list[da.Array]:
    half = np.asarray(Picture.fromarray(pixels).reduce(2))
    return [da.from_array(each, chunks=(100, 150, 3)) for each in (pixels, half)]


def a_layer(pixels: np.ndarray = PIXELS, **how) -> Image:
    """A multiscale layer in RGB, as other readers of slides make it."""
    style = {"scale": (1.0, 1.0), "units": MICROMETRE, "name": "other", **how}
    return Image(levels_of(pixels), rgb=True, multiscale=True, **style)


def run(dock, qtbot) -> None:
    child(dock, "run").click()
    qtbot.waitUntil(lambda: text_of(dock, "run") == "Run", timeout=RUN_MS)
    assert dock.result is not None, text_of(dock, "message")


@pytest.mark.parametrize(
    ("units", "scale", "mpp"),
    [("micrometer", 0.25, 0.25), ("nanometer", 250.0, 0.25), ("millimeter", 0.0005, 0.5), ("pixel", 1.0, None)],
)
def test_units_and_scale_give_the_size_of_a_pixel(units: str, scale: float, mpp: float | None):
    found = pixel_scale(a_layer(scale=(scale, scale), units=(units, units)))

    assert found.mpp == (None if mpp is None else pytest.approx(mpp))
    assert found.origin == ("missing" if mpp is None else "layer")


def test_only_images_in_colour_are_offered():
    grey = Image(np.zeros((64, 64), np.uint8))
    stack = Image(np.zeros((4, 64, 64, 3), np.uint8), rgb=True)
    deep = Image(np.zeros((64, 64, 3), np.float32), rgb=True)
    colour = a_layer()

    assert open_images([grey, stack, deep, colour]) == (colour,)


def test_the_slide_of_a_layer_has_its_pixels_levels_and_scale():
    slide = as_slide(a_layer(scale=(0.5, 0.5)), None)

    np.testing.assert_array_equal(slide.read((-5, 0), 0, (300, 200))[:, 5:], PIXELS[:200, :295])
    np.testing.assert_array_equal(slide.read((0, 0), 1, (384, 256)), np.asarray(Picture.fromarray(PIXELS).reduce(2)))
    assert slide.level_sizes_px == ((768, 512), (384, 256))
    assert (slide.facts.mpp, slide.facts.mpp_origin, slide.facts.reader) == (0.5, "layer.mpp-x", "layer")


def test_a_layer_of_another_reader_is_run_and_its_maps_lie_on_it(dock, viewer, qtbot):
    layer = viewer.add_layer(a_layer(scale=(0.001, 0.001), units=("millimeter", "millimeter"), translate=(0.2, 0.1)))

    run(dock, qtbot)

    (result,) = results_in(viewer)
    assert result.slide.mpp == pytest.approx(1.0)
    assert [str(unit) for unit in layer.units] == list(MICROMETRE)
    stage = next(each for each in viewer.layers if "stage" in each.metadata)
    corner = np.asarray(stage.data_to_world((-0.5, -0.5)))  # of its first tile: the tissue begins at (128, 128) px0
    np.testing.assert_allclose(corner + 0.5, [128 + 200, 128 + 100], atol=1e-6)

    layer.translate = (0.0, 0.0)

    np.testing.assert_allclose(np.asarray(stage.data_to_world((-0.5, -0.5))) + 0.5, [128, 128], atol=1e-6)


def test_without_units_the_size_of_a_pixel_is_asked_for(dock, viewer, qtbot):
    layer = viewer.add_layer(a_layer(units=("pixel", "pixel")))
    asked = text_of(dock, "message"), child(dock, "mpp").isHidden()

    child(dock, "mpp").setValue(1.0)
    run(dock, qtbot)

    assert not asked[1]
    (result,) = results_in(viewer)
    assert (result.slide.mpp, result.slide.mpp_origin) == (1.0, "user")
    assert layer.metadata["mpp"] == 1.0
    assert str(layer.units[0]) == "micrometer"


def test_a_picture_that_napari_itself_has_opened_is_run_from_its_file(npe2pm, dock, viewer, qtbot, tmp_path):
    Picture.fromarray(PIXELS).save(tmp_path / "photo.png")
    npe2pm.register(PluginManifest.from_distribution("napari"), warn_disabled=False)
    viewer.open(str(tmp_path / "photo.png"), plugin="napari")

    child(dock, "mpp").setValue(1.0)
    run(dock, qtbot)

    (result,) = results_in(viewer)
    assert result.slide.path == str(tmp_path / "photo.png")
    assert result.slide.reader == "picture"
    assert result.slide.quick_hash == open_slide(tmp_path / "photo.png", 1.0).facts.quick_hash


def test_a_slide_that_napari_wsi_has_opened_is_run_as_it_is(npe2pm, dock, viewer, qtbot, tmp_path):
    pytest.importorskip("napari_wsi", reason="napari-wsi is in the extra bench")
    npe2pm.register(PluginManifest.from_distribution("napari-wsi"), warn_disabled=False)
    drawn = a_drawn_slide(tmp_path / "drawn.svs", mpp=1.0)
    (layer,) = viewer.open(str(drawn.path), plugin="napari-wsi")

    box = dock.findChild(QComboBox, "slide")
    run(dock, qtbot)

    assert box.currentText() == layer.name
    (result,) = results_in(viewer)
    assert result.slide.mpp == pytest.approx(1.0)
    assert len(result.tiles) == 256
    assert layer.metadata["mpp_origin"] == "openslide.mpp-x"
    assert child(dock, "mpp").isHidden()  # the file says it
