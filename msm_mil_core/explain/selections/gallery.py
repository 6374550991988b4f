"""The gallery of a stage: pictures of the tiles to which it attends most, look-alikes folded into one."""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.explain.selections.near_duplicates import alike
from msm_mil_core.explain.selections.top_tiles import Pick, PickOptions, pick_tiles
from msm_mil_core.mil.prediction import Prediction
from msm_mil_core.progress import Progress
from msm_mil_core.slides.slide import Slide
from msm_mil_core.slides.tiling.tile_reader import tile_picture
from msm_mil_core.slides.tiling.tiles import TileGrid

SPARE = 2
"""Times as many tiles as requested are read, since some will look alike."""


@dataclass(frozen=True, slots=True, eq=False)
class GalleryTile:
    """One tile and its picture."""

    pick: Pick
    picture: NDArray[np.uint8]
    """(side, side, 3)."""

    def __repr__(self) -> str:
        return f"<GalleryTile {self.pick.tile}: {self.picture.shape[1]} x {self.picture.shape[0]} px>"


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """The tiles of one stage, best first."""

    stage: int
    """Counted from 0."""
    tiles: tuple[GalleryTile, ...]

    def __repr__(self) -> str:
        return f"<Gallery of stage {self.stage + 1}: {len(self.tiles)} tiles>"


def make_gallery(
    slide: Slide, tiles: TileGrid, prediction: Prediction, stage: int, options: PickOptions, *, side_px: int = 96
) -> Generator[Progress, None, Gallery]:
    """Pick the tiles of a stage (counted from 0) and read their pictures (side_px, side_px, 3).

    Raises
    ------
    SlideError
        If the slide is damaged or no longer there.
    """
    spare = options.replace(count=options.count * (SPARE if options.fold else 1))
    picks, pictures = pick_tiles(prediction, tiles, stage, spare), []
    for done, pick in enumerate(picks):
        yield Progress("Reading tiles", done, len(picks), "tiles")
        pictures.append(tile_picture(slide, tiles, pick.tile, side_px))
    shown = [GalleryTile(pick, picture) for pick, picture in zip(picks, pictures, strict=True)]
    if options.fold and shown:
        shown = _folded(shown)
    return Gallery(stage, tuple(shown[: options.count]))


def _folded(shown: list[GalleryTile]) -> list[GalleryTile]:
    first = alike(np.stack([tile.picture for tile in shown]))
    folded = []
    for head in np.unique(first).tolist():
        under = [shown[at].pick for at in np.flatnonzero(first == head).tolist() if at != head]
        others = tuple(tile for pick in under for tile in (pick.tile, *pick.folded))
        folded.append(GalleryTile(shown[head].pick.standing_for(others), shown[head].picture))
    return folded
