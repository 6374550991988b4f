"""Galleries and single tiles: pictures are read in a thread, a click flies the camera to the tile."""

from __future__ import annotations

from functools import partial

import numpy as np
from qtpy.QtCore import QObject, Signal

from msm_mil_core.explain.gallery import Gallery, make_gallery
from msm_mil_core.explain.top_tiles import PickOptions
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.slide import Slide
from napari_msm_mil.background import Background, Job
from napari_msm_mil.layers.tile_map_layers import outline_layer
from napari_msm_mil.layers.viewer_layers import ViewerLayers
from napari_msm_mil.pages.gallery.panel import GalleryPanel
from napari_msm_mil.pages.gallery.tile_images import TilePictures, read_pictures
from napari_msm_mil.pages.gallery.tile_view import TileView

KEY = "tile"
OUTLINE_RGB = (0.0, 0.0, 0.0)
TILES_ACROSS = 8
"""How many tiles fill the view when the camera flies to one."""


class GalleryController(QObject):
    """Fills the gallery of a stage when it is looked at, and shows single tiles."""

    tile_chosen = Signal(int)
    """The user chose a tile in the gallery."""

    def __init__(self, layers: ViewerLayers, gallery: GalleryPanel, tile_view: TileView) -> None:
        super().__init__(gallery)
        self._layers, self._gallery, self._tile_view = layers, gallery, tile_view
        self._result: SlideResult | None = None
        self._looked_at = False
        self._wanted_stage: int | None = None
        self._wanted_tile: int | None = None
        self._picker, self._reader = Background(self), Background(self)
        gallery.stage_requested.connect(self._on_stage_requested)
        gallery.tile_requested.connect(self._on_tile_requested)
        self._picker.succeeded.connect(self._on_picked)
        self._picker.failed.connect(lambda error: gallery.show_problem(str(error)))
        self._picker.cancelled.connect(self._pick)
        self._reader.succeeded.connect(self._on_read)
        self._reader.failed.connect(lambda _: tile_view.clear())
        self._reader.cancelled.connect(self._read)

    def show_result(self, result: SlideResult | None) -> None:
        """Browse this result from now on."""
        self.stop()
        self._result, self._wanted_stage = result, 0
        self._gallery.show_result(result)
        self.show_tile(None)
        if self._looked_at:
            self._pick()

    def look(self, at: bool) -> None:
        """Notice whether the gallery is looked at: pictures are read only then."""
        if at and not self._looked_at:
            self._pick()
        self._looked_at = at

    def stop(self) -> None:
        """Stop what is under way."""
        self._wanted_stage = self._wanted_tile = None
        self._picker.cancel()
        self._reader.cancel()

    def show_tile(self, tile: int | None) -> None:
        """Show a tile's pixels, and a line around it; None takes both away."""
        self._wanted_tile = tile
        if self._result is None:
            return
        if tile is None:
            self._tile_view.clear()
            self._layers.remove_map(self._result, KEY)
            return
        chosen = np.arange(len(self._result.tiles)) == tile
        self._layers.show_map(self._result, KEY, outline_layer(self._result, chosen, "Chosen tile", OUTLINE_RGB))
        self._read()

    def _on_stage_requested(self, stage: int) -> None:
        self._wanted_stage = stage
        self._pick()

    def _on_tile_requested(self, tile: int) -> None:
        if self._result is None:
            return
        tiles = self._result.tiles
        x, y = tiles.xy_px0[tile] + tiles.side_px0 / 2
        self._layers.camera.center_on(self._result, (float(x), float(y)), TILES_ACROSS * tiles.side_px0)
        self.tile_chosen.emit(tile)

    def _slide(self) -> Slide | None:
        layer = None if self._result is None else self._layers.slide_of(self._result.slide)
        return None if layer is None else layer.metadata["slide"]

    def _pick(self) -> None:
        """Read the gallery that is wanted now; if another is being read, when that has stopped."""
        result, stage, slide = self._result, self._wanted_stage, self._slide()
        if result is None or stage is None:
            return
        if slide is None:
            self._gallery.show_problem(_gone(result))
            return
        if self._picker.busy:
            self._picker.cancel()
            return
        self._gallery.loading()
        work = partial(make_gallery, slide, result.tiles, result.prediction, stage, PickOptions())
        self._picker.start(Job(f"Gallery of {result.slide.name}", work))

    def _on_picked(self, gallery: Gallery) -> None:
        if gallery.stage == self._wanted_stage:
            self._gallery.show_gallery(gallery)
        else:
            self._pick()

    def _read(self) -> None:
        result, tile, slide = self._result, self._wanted_tile, self._slide()
        if result is None or tile is None or slide is None:
            return
        if self._reader.busy:
            self._reader.cancel()
            return
        self._reader.start(Job(f"Tile {tile}", partial(read_pictures, slide, result.tiles, tile)))

    def _on_read(self, pictures: TilePictures) -> None:
        if pictures.tile != self._wanted_tile or self._result is None:
            self._read()
            return
        mpp = self._result.slide.mpp
        side_um = None if mpp is None else self._result.tiles.side_px0 * mpp
        self._tile_view.show_pictures(pictures.near, pictures.far, side_um)


def _gone(result: SlideResult) -> str:
    return (
        f"The slide {result.slide.name} is not open, so its tiles cannot be shown; the maps still can. "
        "Find the file, or open the slide in napari."
    )
