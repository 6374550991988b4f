"""Galleries and single tiles: pictures are read in a thread, a click moves the camera to the tile."""

from __future__ import annotations

from functools import partial

import numpy as np
from qtpy.QtCore import QObject, Signal

from msm_mil_core.explain.selections.gallery import make_gallery
from msm_mil_core.explain.selections.top_tiles import PickOptions
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.slide import Slide
from napari_msm_mil.background import Job
from napari_msm_mil.latest_job import LatestJob
from napari_msm_mil.layers.tile_map_layers import outline_layer
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from napari_msm_mil.pages.gallery.panel import GalleryPanel
from napari_msm_mil.pages.gallery.tile_images import TilePictures, read_pictures
from napari_msm_mil.pages.gallery.tile_view import TileView

KEY = "tile"
OUTLINE_RGB = (0.0, 0.0, 0.0)
TILES_ACROSS = 8
"""How many tiles fill the view when the camera is moved to one."""


class GalleryController(QObject):
    """Fills the gallery of a stage when its page is opened, and shows single tiles."""

    tile_chosen = Signal(int)
    """The user chose a tile in the gallery."""

    def __init__(self, layers: ViewerLayers, gallery: GalleryPanel, tile_view: TileView) -> None:
        super().__init__(gallery)
        self._layers, self._gallery, self._tile_view = layers, gallery, tile_view
        self._result: SlideResult | None = None
        self._in_front = False
        self._stage = 0
        self._picker, self._reader = LatestJob(self), LatestJob(self)
        gallery.stage_requested.connect(self._on_stage_requested)
        gallery.tile_requested.connect(self._on_tile_requested)
        self._picker.succeeded.connect(gallery.show_gallery)
        self._picker.failed.connect(lambda error: gallery.show_problem(str(error)))
        self._reader.succeeded.connect(self._on_read)
        self._reader.failed.connect(lambda _: tile_view.clear())

    def show_result(self, result: SlideResult | None) -> None:
        """Show the tiles of this result from now on."""
        self.stop()
        self._result, self._stage = result, 0
        self._gallery.show_result(result)
        self.show_tile(None)
        if self._in_front:
            self._pick()

    def reload(self) -> None:
        """Read the pictures again: the layer of the slide came or went."""
        self.show_result(self._result)

    def set_in_front(self, in_front: bool) -> None:
        """Read pictures only when the page is in front."""
        if in_front and not self._in_front:
            self._pick()
        self._in_front = in_front

    def stop(self) -> None:
        """Stop what is running."""
        self._picker.cancel()
        self._reader.cancel()

    def show_tile(self, tile: int | None) -> None:
        """Show a tile's pixels, and an outline around it; None removes both."""
        result = self._result
        if result is None:
            return
        self._reader.cancel()
        if tile is None:
            self._tile_view.clear()
            self._layers.remove_map(result, KEY)
            return
        chosen = np.arange(len(result.tiles)) == tile
        self._layers.show_map(result, KEY, outline_layer(result, chosen, "Chosen tile", OUTLINE_RGB))
        slide = self._slide(result)
        if slide is not None:
            self._reader.request(Job(f"Tile {tile}", partial(read_pictures, slide, result.tiles, tile)))

    def _on_stage_requested(self, stage: int) -> None:
        self._stage = stage
        self._pick()

    def _on_tile_requested(self, tile: int) -> None:
        if self._result is None:
            return
        tiles = self._result.tiles
        x, y = tiles.xy_px0[tile] + tiles.side_px0 / 2
        self._layers.camera.center_on(self._result, (float(x), float(y)), TILES_ACROSS * tiles.side_px0)
        self.tile_chosen.emit(tile)

    def _slide(self, result: SlideResult) -> Slide | None:
        layer = self._layers.slide_under(result)
        return None if layer is None else layer.metadata["slide"]

    def _pick(self) -> None:
        result = self._result
        if result is None:
            return
        slide = self._slide(result)
        if slide is None:
            self._picker.cancel()
            self._gallery.show_problem(_slide_missing(result))
            return
        self._gallery.show_loading()
        work = partial(make_gallery, slide, result.tiles, result.prediction, self._stage, PickOptions())
        self._picker.request(Job(f"Gallery of {result.slide.name}", work))

    def _on_read(self, pictures: TilePictures) -> None:
        if self._result is None:
            return
        mpp = self._result.slide.mpp
        side_um = None if mpp is None else self._result.tiles.side_px0 * mpp
        self._tile_view.show_pictures(pictures.near, pictures.far, side_um)


def _slide_missing(result: SlideResult) -> str:
    return (
        f"The slide {result.slide.name} is not open, so its tiles cannot be shown; the maps still can. "
        "Find the file, or open the slide in napari."
    )
