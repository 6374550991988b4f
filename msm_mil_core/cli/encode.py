"""msm-mil encode: slides in, one file of features each."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from msm_mil_core.bags.bag import FeatureBag
from msm_mil_core.bags.bag_file import save_bag
from msm_mil_core.cli.batch import each_slide, finish
from msm_mil_core.cli.console import drive, print_line
from msm_mil_core.cli.held import held
from msm_mil_core.cli.outputs import check_free, check_outputs, output_paths
from msm_mil_core.encoders.encode import EncodeOptions, encode_tiles
from msm_mil_core.encoders.registry import Encoder, load_encoder
from msm_mil_core.options import Options
from msm_mil_core.slides.resolution import check_resolution
from msm_mil_core.slides.slide import open_slide
from msm_mil_core.slides.tiles import TileOptions, lay_tiles
from msm_mil_core.slides.tissue import TissueOptions, find_tissue


class EncodingOptions(Options):
    """What a user chooses to encode slides without a model."""

    tissue: TissueOptions = TissueOptions()
    """How tissue is distinguished from glass."""
    tiles: TileOptions = TileOptions()
    """How tiles are laid; side and mpp default to the encoder's."""
    encode: EncodeOptions = EncodeOptions()
    """How tiles become features."""
    allow_coarse: bool = False
    """Encode slides whose pixels are more than four times as large as those of the tiles."""


def encode(
    slides: list[Path],
    /,
    *,
    out_folder: Annotated[Path, Parameter(name="--out")],
    encoder: str = "efficientnet-lite0",
    mpp: float | None = None,
    overwrite: bool = False,
    options: Annotated[EncodingOptions, Parameter(name="*")] = EncodingOptions(),
) -> int:
    """Encode the tiles of slides; write one HDF5 file of features a slide, for training.

    Parameters
    ----------
    slides
        Whole-slide images, or folders that hold one DICOM slide each.
    out_folder
        Folder for the features.
    encoder
        Name as `msm-mil encoders` lists it.
    mpp
        Micrometres per level-0 pixel, for slides that do not record it.
    overwrite
        Replace features that already exist.
    options
        How tissue is found, tiles are laid and encoded.
    """
    paths = output_paths(slides, out_folder, ".h5")
    check_outputs(paths.values(), overwrite=overwrite)
    loaded = load_encoder(encoder, device=options.encode.device, precision=options.encode.precision)
    options = _complete(options, loaded)

    def encode_one(path: Path) -> str:
        with held(paths[path], "is being encoded"):
            check_free(paths[path], overwrite=overwrite, instead="another --out folder")
            bag = _bag(path, mpp, loaded, options)
            save_bag(bag, paths[path])
        return f"wrote {paths[path]}: {len(bag)} tiles x {bag.features.shape[1]}"

    done = each_slide(slides, encode_one)
    for line in done.good.values():
        print_line(line)
    return finish(done)


def _complete(options: EncodingOptions, encoder: Encoder) -> EncodingOptions:
    chosen = options.tiles
    tiles = chosen.replace(side_px=chosen.side_px or encoder.card.side_px, mpp=chosen.mpp or encoder.card.mpp or 0.5)
    return options.replace(tiles=tiles)


def _bag(path: Path, mpp: float | None, encoder: Encoder, options: EncodingOptions) -> FeatureBag:
    with open_slide(path, mpp=mpp) as slide:
        mpp = slide.require_mpp()
        check_resolution(slide.facts.name, mpp, options.tiles.mpp, allow_coarse=options.allow_coarse)
        tissue = find_tissue(slide, options.tissue)
        tiles = lay_tiles(slide.facts.size_px0, tissue, options.tiles, slide_mpp=mpp)
        return drive(encode_tiles(slide, tiles, encoder, options.encode), slide.facts.name)
