"""The one way data goes: from a slide to what each mask stage attended to."""

import json
import platform
from collections.abc import Generator, Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from pydantic import JsonValue

from msm_mil_core import __version__
from msm_mil_core.analysis_options import AnalysisOptions
from msm_mil_core.bags.bag import EncoderCard
from msm_mil_core.encoders.encode_cached import encode_cached
from msm_mil_core.encoders.encoder_on_demand import find_encoder
from msm_mil_core.mil.checkpoint import Checkpoint, check_fits
from msm_mil_core.progress import Progress
from msm_mil_core.results.slide_result import ModelFacts, SlideResult
from msm_mil_core.slides.regions import Regions
from msm_mil_core.slides.resolution import check_resolution
from msm_mil_core.slides.slide import Slide
from msm_mil_core.slides.tiles import lay_tiles
from msm_mil_core.slides.tissue import find_tissue


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
    mpp = slide.require_mpp()
    options = completed(options, checkpoint)
    check_resolution(slide.facts.name, mpp, options.tiles.mpp, allow_coarse=options.allow_coarse)
    encoder = find_encoder(checkpoint.encoder, device=options.encode.device, precision=options.encode.precision)
    check_fits(checkpoint, encoder.card)
    yield Progress("Finding tissue", 0, 1)
    tissue = find_tissue(slide, options.tissue)
    tiles = lay_tiles(slide.facts.size_px0, tissue, options.tiles, slide_mpp=mpp, regions=regions)
    bag = yield from encode_cached(slide, tiles, encoder, options.encode, cache)
    yield Progress("Looking stage by stage", 0, 1)
    from msm_mil_core.mil.predict import predict_bag  # here: options are read and refused without torch

    predicted = predict_bag(checkpoint, bag.features, device=options.encode.device, masks=options.masks)
    return SlideResult(
        created=datetime.now().astimezone().isoformat(timespec="seconds"),
        slide=slide.facts,
        options=_record(options, encoder.card, regions),
        model=model_facts(checkpoint),
        versions=library_versions(),
        tiles=tiles,
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
    return options.model_dump(mode="json") | found | {"regions_px0": regions.as_json() if regions else None}


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
    return {"napari-msm-mil": __version__, "python": platform.python_version()} | {
        name: version(name) for name in libraries
    }
