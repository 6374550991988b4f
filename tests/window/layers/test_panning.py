"""A pan costs the slide alone: maps and outlines keep what they show."""

from napari.layers import Layer
from qtpy.QtWidgets import QApplication

from msm_mil_core.slides.slide import open_slide
from napari_msm_mil.layers.layer_data import slide_layer, stage_layers
from tests.results import a_prediction, a_result, block_of_tiles
from tests.slides import a_drawn_slide


def test_a_pan_slices_neither_maps_nor_outlines_again(make_napari_viewer, tmp_path):
    viewer, slide = make_napari_viewer(show=True), open_slide(a_drawn_slide(tmp_path / "drawn.tiff").path)
    result = a_result(block_of_tiles(20, 15), slide=slide.facts, prediction=a_prediction(300, S=7))
    for data in (slide_layer(slide), *stage_layers(result)):
        layer = viewer.add_layer(Layer.create(*data))
        layer.visible = True
    sliced = []
    for layer in viewer.layers:
        layer.events.set_data.connect(lambda event: sliced.append(event.source.name))
    viewer.scene.camera.zoom = 8
    draw()
    sliced.clear()

    for step in range(8):
        viewer.scene.camera.center = (100 + 60 * step, 100 + 40 * step)
        draw()

    assert set(sliced) == {viewer.layers[0].name}


def draw():
    for _ in range(3):
        QApplication.processEvents()
