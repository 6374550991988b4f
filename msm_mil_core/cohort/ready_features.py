"""A run on features that were encoded before, by this program or another one: the slide is opened, not encoded."""

import hashlib
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np

from msm_mil_core.analysis_options import AnalysisOptions
from msm_mil_core.bags.bag import FeatureBag
from msm_mil_core.bags.bag_file import load_bag
from msm_mil_core.errors import FeatureFileError, RegionError
from msm_mil_core.mil.model_file.checkpoint import Checkpoint, check_fits
from msm_mil_core.mil.predict import predict_bag
from msm_mil_core.pipeline import library_versions, model_facts
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.regions import Regions
from msm_mil_core.slides.slide import Slide


def analyse_features(
    path: Path, slide: Slide, model: Checkpoint, options: AnalysisOptions, regions: Regions | None
) -> SlideResult:
    """Run the model on the features in a file; tiles are those of the file whose centres lie in the regions.

    Raises
    ------
    FeatureFileError, CheckpointError
        If they cannot be read, are of another slide, or are not what the model was trained on.
    RegionError
        If no tile lies in the regions.
    SlideError
        If the slide's pixel size is unknown.
    """
    tiles = options.tiles
    bag = load_bag(path, slide_mpp=slide.require_mpp(), side_px=tiles.side_px, mpp=tiles.mpp)
    _check_slide(bag, slide, path)
    check_fits(model, bag.encoder)
    bag = _within(bag, regions, path)
    predicted = predict_bag(model, bag.features, device=options.encode.device, masks=options.masks)
    card = bag.encoder
    found = {"encoder": card.name, "encoder_sha256": card.weights_sha256, "precision": card.precision}
    limits = {"regions_px0": regions.as_json() if regions else None, "features_sha256": features_sha256(path)}
    return SlideResult(
        created=datetime.now().astimezone().isoformat(timespec="seconds"),
        slide=slide.facts,
        options=options.model_dump(mode="json") | found | limits,
        model=model_facts(model),
        versions=library_versions(),
        tiles=bag.tiles,
        prediction=predicted.prediction,
        tile_outputs=predicted.tile_outputs,
        tissue=None if model.tissue is None else model.tissue.compare(bag.features),
    )


def features_sha256(path: Path) -> str:
    """Return the hash of a file of features; of one that cannot be read, nothing."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _check_slide(bag: FeatureBag, slide: Slide, path: Path) -> None:
    if bag.slide.quick_hash not in ("", slide.facts.quick_hash):
        raise FeatureFileError(
            f"{path} holds the features of another slide ({bag.slide.name}), not of {slide.facts.name}. "
            "Correct the table."
        )
    outside = (bag.tiles.xy_px0 < 0) | (bag.tiles.xy_px0 >= slide.facts.size_px0)
    if outside.any():
        raise FeatureFileError(f"{path} has tiles outside {slide.facts.name}: they are of another slide.")


def _within(bag: FeatureBag, regions: Regions | None, path: Path) -> FeatureBag:
    if regions is None:
        return bag
    tiles = bag.tiles
    inside = regions.hold((tiles.xy_px0 + tiles.side_px0 / 2).astype(np.float64))
    if not inside.any():
        raise RegionError(f"No tile of {path} lies in the regions. Draw larger ones, or check that they belong to it.")
    return replace(bag, features=bag.features[inside], tiles=replace(tiles, xy_px0=tiles.xy_px0[inside]))
