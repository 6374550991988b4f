"""A slide, or the images of a folder, become a bag without a model: tissue, tiles, features."""

from collections.abc import Generator
from pathlib import Path

from msm_mil_core.bags.bag import FeatureBag
from msm_mil_core.bags.join_bags import join_bags
from msm_mil_core.encoders.encode import encode_tiles
from msm_mil_core.encoders.encoding_options import EncodingOptions
from msm_mil_core.encoders.registry import Encoder
from msm_mil_core.errors import TissueError
from msm_mil_core.progress import Progress
from msm_mil_core.slides.formats.image_folder import images_in
from msm_mil_core.slides.slide import Slide, SlideFacts, open_slide
from msm_mil_core.slides.tiling.resolution import check_resolution
from msm_mil_core.slides.tiling.tile_options import TileOptions
from msm_mil_core.slides.tiling.tiles import lay_tiles
from msm_mil_core.slides.tiling.tissue import find_tissue

NOMINAL_MPP = 0.5
"""Micrometres per pixel of tiles for encoders whose makers do not state theirs."""


def encode_slide(path: Path, encoder: Encoder, options: EncodingOptions) -> Generator[Progress, None, FeatureBag]:
    """Encode a slide or a picture; one at a time is open.

    Raises
    ------
    SlideError, TissueError
        If it cannot be read, its mpp is unknown or far coarser than the tiles, or no tissue or tile is found.
    EncoderError, DeviceError
        As `encode_tiles` raises them.
    """
    with open_slide(path, mpp=options.mpp, reader=options.reader) as slide:
        return (yield from _encode(slide, encoder, options))


def encode_folder(folder: Path, encoder: Encoder, options: EncodingOptions) -> Generator[Progress, None, FeatureBag]:
    """Encode all images of a folder, one after another, as one bag; those without tissue are listed without a tile.

    Raises
    ------
    TissueError
        If none of them has tissue.
    SlideError, EncoderError, DeviceError
        As `encode_slide` raises them, and if the images' pixels differ in size.
    """
    bags: list[FeatureBag] = []
    empty: list[SlideFacts] = []
    without: TissueError | None = None
    for path in images_in(folder):
        with open_slide(path, mpp=options.mpp, reader=options.reader) as slide:
            try:
                bags.append((yield from _encode(slide, encoder, options)))
            except TissueError as exc:
                without = exc
                empty.append(slide.facts)
    if not bags:
        raise TissueError(f"No image of {folder} has tissue. The last: {without}")
    return join_bags(bags, folder, empty=empty)


def _encode(slide: Slide, encoder: Encoder, options: EncodingOptions) -> Generator[Progress, None, FeatureBag]:
    mpp, chosen, slide = slide.require_mpp(), _complete(options.tiles, encoder), slide.in_colors(options.colors)
    check_resolution(slide.facts.name, mpp, chosen.mpp, allow_coarse=options.allow_coarse)
    tissue = find_tissue(slide, options.tissue)
    tiles = lay_tiles(slide.facts.size_px0, tissue, chosen, slide_mpp=mpp)
    return (yield from encode_tiles(slide, tiles, encoder, options.encode))


def _complete(chosen: TileOptions, encoder: Encoder) -> TileOptions:
    card = encoder.card
    return chosen.replace(side_px=chosen.side_px or card.side_px, mpp=chosen.mpp or card.mpp or NOMINAL_MPP)
