"""The tiles of several slides of one case, as one bag in which each tile stays traceable."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from msm_mil_core.bags.bag import FeatureBag, JoinedSlide
from msm_mil_core.errors import SlideError
from msm_mil_core.slides.slide import SlideFacts
from msm_mil_core.slides.tiling.tiles import TileGrid


def join_bags(bags: Sequence[FeatureBag], folder: Path, *, empty: Sequence[SlideFacts] = ()) -> FeatureBag:
    """Place slides below one another, each on a line of the grid of tiles, and join their tiles in this order.

    Parameters
    ----------
    bags
        One a slide, at least one, of one encoder.
    folder
        What the bag is named after.
    empty
        Slides without a tile: listed, but they take no place.

    Raises
    ------
    SlideError
        If the slides' pixels differ in size, so that one tile side on level 0 cannot hold for all.
    """
    first, joined, bottom = bags[0], [], 0
    for bag in bags:
        if bag.tiles.side_px0 != first.tiles.side_px0:
            raise SlideError(
                f"{bag.slide.path} has {bag.slide.mpp} µm per pixel, but {first.slide.name} has {first.slide.mpp}: "
                "a bag needs one pixel size. Give it with --mpp, or take a bag for each picture."
            )
        top = -(-bottom // bag.tiles.side_px0) * bag.tiles.side_px0
        joined.append(JoinedSlide(bag.slide.name, len(bag), top, bag.slide.size_px0, bag.slide.quick_hash))
        bottom = top + bag.slide.size_px0[1]
    moved = [np.add(bag.tiles.xy_px0, (0, its.y_px0)) for bag, its in zip(bags, joined, strict=True)]
    without = (JoinedSlide(facts.name, 0, bottom, facts.size_px0, facts.quick_hash) for facts in empty)
    return FeatureBag(
        features=np.concatenate([bag.features for bag in bags]),
        tiles=TileGrid(np.concatenate(moved), first.tiles.side_px0, first.tiles.side_px, first.tiles.mpp),
        slide=_facts([bag.slide for bag in bags], joined, folder),
        encoder=first.encoder,
        joined=(*joined, *without),
    )


def _facts(slides: Sequence[SlideFacts], joined: Sequence[JoinedSlide], folder: Path) -> SlideFacts:
    """Return the facts of the sheet on which the slides lie."""
    size_px0 = max(one.size_px0[0] for one in joined), joined[-1].y_px0 + joined[-1].size_px0[1]
    return SlideFacts(
        name=folder.absolute().name,
        path=str(folder.absolute()),
        size_px0=size_px0,
        mpp=slides[0].mpp,
        mpp_origin=slides[0].mpp_origin,
        origin_px0=(0, 0),
        extent_px0=size_px0,
        quick_hash=hashlib.sha256("\n".join(one.quick_hash for one in joined).encode()).hexdigest(),
        reader=", ".join(sorted({slide.reader for slide in slides})),
    )
