"""A model that knows what is drawn on a drawn slide."""

from pathlib import Path

from msm_mil_core.analysis_options import AnalysisOptions
from msm_mil_core.encoders.encode import encode_tiles
from msm_mil_core.encoders.registry import load_encoder
from msm_mil_core.mil.model_file.checkpoint import Checkpoint, save_checkpoint
from msm_mil_core.progress import finish
from msm_mil_core.slides.slide import open_slide
from msm_mil_core.slides.tiling.tile_options import TileOptions
from msm_mil_core.slides.tiling.tiles import lay_tiles
from msm_mil_core.slides.tiling.tissue import find_tissue
from msm_mil_core.slides.tiling.tissue_options import TissueOptions
from tests.models import a_seeker
from tests.slides import DrawnSlide


def seeker_of(drawn: DrawnSlide, folder: Path) -> Checkpoint:
    """Write a model that attends to tiles like the hot square of a drawn slide, and answers "hot" for its sake."""
    with open_slide(drawn.path) as slide:
        tissue = find_tissue(slide, TissueOptions())
        tiles = lay_tiles(slide.facts.size_px0, tissue, TileOptions(side_px=32, mpp=4.0), slide_mpp=0.5)
        encoder = load_encoder("efficientnet-lite0", device="cpu")
        bag = finish(encode_tiles(slide, tiles, encoder, AnalysisOptions().encode))
    hot = (tiles.xy_px0 == drawn.hot_px0[:2]).all(axis=1)
    model = a_seeker(bag.features[hot][0], bag.features[~hot].mean(axis=0))
    return save_checkpoint(model, folder / "seeker.safetensors")
