"""The one way data goes: from a slide to what each mask stage attended to."""

import json
import platform
from collections.abc import Generator, Mapping
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from pydantic import JsonValue

from msm_mil_core import __version__
from msm_mil_core.analysis_options import AnalysisOptions
from msm_mil_core.bags.bag import EncoderCard, FeatureBag
from msm_mil_core.encoders.encode_cached import encode_cached
from msm_mil_core.encoders.encoder_on_demand import find_encoder
from msm_mil_core.mil.model_file.checkpoint import Checkpoint, check_fits
from msm_mil_core.progress import Progress
from msm_mil_core.results.slide_result import ModelFacts, SlideResult
from msm_mil_core.slides.regions import Regions
from msm_mil_core.slides.slide import Slide
from msm_mil_core.slides.tiling.resolution import check_resolution
from msm_mil_core.slides.tiling.tile_reader import RESAMPLING
from msm_mil_core.slides.tiling.tiles import TileGrid, lay_tiles
from msm_mil_core.slides.tiling.tissue import find_tissue

LOOKING = "Looking stage by stage"
"""The step of progress in which the model sees the features."""


def analyse(
    slide: Slide,
    checkpoint: Checkpoint,
    options: AnalysisOptions,
    *,
    regions: Regions | None = None,
    cache: Path | None = None,
) -> Generator[Progress, None, SlideResult]:
    """Find tissue, lay and encode tiles, and predict; may be dropped between two yields with nothing half-written.

    Parameters
    ----------
    slide
        The open slide; its mpp must be known.
    checkpoint
        The model; tile side, mpp and encoder come from it where the options leave them open.
    options
        Everything else a user can choose.
    regions
        Limits the run to the tiles whose centres lie in these polygons, level-0 pixels; None takes the whole slide.
    cache
        Folder in which features are cached for reuse; None caches nothing.

    Raises
    ------
    SlideError, TissueError
        If the slide's mpp is unknown or far coarser than the tiles, it cannot be read, or no tissue or tile is found.
    EncoderError, CheckpointError
        If the encoder is missing or cannot be loaded, or the model was trained on other features.
    DeviceError
        If this machine does not have the device, or it fails.
    """
    slide = slide.in_colors(options.colors)
    options = completed(options, checkpoint)
    check_pixel_size(slide, options)
    encoder = find_encoder(checkpoint.encoder, device=options.encode.device, precision=options.encode.precision)
    check_fits(checkpoint, encoder.card)
    yield Progress("Finding tissue", 0, 1)
    tiles = find_tiles(slide, options, regions)
    bag = yield from encode_cached(slide, tiles, encoder, options.encode, cache)
    yield Progress(LOOKING, 0, 1)
    return conclude(replace(bag, slide=slide.facts, tiles=tiles, encoder=encoder.card), checkpoint, options, regions)


def check_pixel_size(slide: Slide, options: AnalysisOptions) -> None:
    """Refuse a slide whose mpp is unknown, or far coarser than the tiles; the options are complete."""
    check_resolution(slide.facts.name, slide.require_mpp(), options.tiles.mpp, allow_coarse=options.allow_coarse)


def find_tiles(slide: Slide, options: AnalysisOptions, regions: Regions | None) -> TileGrid:
    """Find the tissue of a slide and lay tiles on it; the options are complete.

    Raises
    ------
    SlideError, TissueError
        If it cannot be read, or no tissue or tile is found.
    """
    tissue = find_tissue(slide, options.tissue)
    return lay_tiles(slide.facts.size_px0, tissue, options.tiles, slide_mpp=slide.require_mpp(), regions=regions)


def conclude(bag: FeatureBag, checkpoint: Checkpoint, options: AnalysisOptions, regions: Regions | None) -> SlideResult:
    """Run the model on the features of a slide; the options are complete, and those that made the features."""
    from msm_mil_core.mil.predict import predict_bag  # here: options are read and refused without torch

    predicted = predict_bag(checkpoint, bag.features, device=options.encode.device, masks=options.masks)
    return SlideResult(
        created=datetime.now().astimezone().isoformat(timespec="seconds"),
        slide=bag.slide,
        options=_record(options, bag.encoder, regions),
        model=model_facts(checkpoint),
        versions=library_versions(),
        tiles=bag.tiles,
        prediction=predicted.prediction,
        tile_outputs=predicted.tile_outputs,
        tissue=None if checkpoint.tissue is None else checkpoint.tissue.compare(bag.features),
    )


def completed(options: AnalysisOptions, checkpoint: Checkpoint) -> AnalysisOptions:
    """Return the options with the side and the pixel size of tiles that the model asks for, where they are open."""
    chosen = options.tiles
    tiles = chosen.replace(side_px=chosen.side_px or checkpoint.side_px, mpp=chosen.mpp or checkpoint.mpp)
    return options.replace(tiles=tiles)


def _record(options: AnalysisOptions, card: EncoderCard, regions: Regions | None) -> dict[str, JsonValue]:
    found = {"encoder": card.name, "encoder_sha256": card.weights_sha256, "precision": card.precision}
    return options.model_dump(mode="json") | found | (regions.as_record() if regions else {"regions_px0": None})


def model_facts(checkpoint: Checkpoint) -> ModelFacts:
    """Return what a result records of its model."""
    return ModelFacts(
        name=checkpoint.name,
        sha256=checkpoint.sha256,
        preset=checkpoint.options.preset,
        classes=checkpoint.classes,
        stages=checkpoint.options.stages,
        maps=checkpoint.options.maps,
        record=_finite(checkpoint.record),
    )


def _finite(record: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the record with nothing that is no JSON: a model file of others may hold NaN."""
    finite: dict[str, JsonValue] = json.loads(json.dumps(dict(record)), parse_constant=lambda _: None)
    return finite


def library_versions() -> dict[str, str]:
    """Return what a result records of the software."""
    libraries = ("numpy", "torch", "timm", "openslide-python", "openslide-bin", "scikit-image")
    ours = {"napari-msm-mil": __version__, "tile resampling": str(RESAMPLING), "python": platform.python_version()}
    return ours | {name: version(name) for name in libraries}
