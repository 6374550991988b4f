"""A run on features that were encoded before, by this program or another one: no slide and no encoder is needed."""

from dataclasses import dataclass, replace
from datetime import datetime
from math import isclose, isnan
from pathlib import Path

import numpy as np

from msm_mil_core.analysis_options import AnalysisOptions
from msm_mil_core.bags.bag import FeatureBag
from msm_mil_core.bags.bag_file import load_bag, load_places
from msm_mil_core.bags.encoder_names import same_encoder
from msm_mil_core.bags.foreign_formats import UNKNOWN
from msm_mil_core.cohort.features.features_hash import features_sha256
from msm_mil_core.errors import CheckpointError, EncoderNameError, FeatureFileError, RegionError
from msm_mil_core.mil.model_file.checkpoint import Checkpoint, check_fits
from msm_mil_core.mil.predict import predict_bag
from msm_mil_core.pipeline import library_versions, model_facts
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.blank_slide import blank_slide
from msm_mil_core.slides.regions import Regions
from msm_mil_core.slides.slide import NO_SLIDE, Slide, SlideFacts
from msm_mil_core.slides.tiling.tile_options import TileOptions
from msm_mil_core.slides.tiling.tiles import TileGrid

SAME_MPP = 0.05
"""Share by which pixel sizes of tiles may differ: sides are rounded to whole pixels."""


@dataclass(frozen=True, slots=True)
class ReadyFeatures:
    """Features that were encoded before, and what is said of them beside their file."""

    path: Path
    asked_tiles: TileOptions
    """The side and pixel size of tiles that a user gives, for files that do not state them."""
    encoder: str | None = None
    """What made them, as a user says; None takes what the file states."""


def open_blank(ready: ReadyFeatures, mpp: float | None) -> Slide:
    """Return a blank slide on which the tiles of features lie, as large as their file states, or as they extend.

    Raises
    ------
    FeatureFileError
        If the file cannot be read, or neither it nor the user says how large a pixel of the slide is.
    """
    asked = ready.asked_tiles
    facts, tiles = load_places(ready.path, slide_mpp=mpp, side_px=asked.side_px, mpp=asked.mpp)
    known = slide_mpp(ready.path, facts, tiles, asked)
    origin = facts.mpp_origin if facts.mpp else "user"
    quick_hash = f"features:{features_sha256(ready.path)}"
    path = str(ready.path.absolute())
    found = replace(facts, path=path, mpp=known, mpp_origin=origin, quick_hash=quick_hash, reader=NO_SLIDE)
    return blank_slide(found)


def slide_mpp(path: Path, facts: SlideFacts, tiles: TileGrid, asked: TileOptions) -> float:
    """Return the micrometres per pixel of a slide that is not there, as its features or the user give them.

    Raises
    ------
    FeatureFileError
        If neither does.
    """
    by_tiles = None if asked.mpp is None else asked.mpp * tiles.side_px / tiles.side_px0
    known = facts.mpp or by_tiles
    if known is None:
        raise FeatureFileError(
            f"{path} does not state how many micrometres a pixel of its slide covers, and there is no slide. "
            "Give it with --mpp (in the window, the pixel size)."
        )
    return known


def analyse_features(
    ready: ReadyFeatures, slide: Slide, model: Checkpoint, options: AnalysisOptions, regions: Regions | None
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
    path, asked = ready.path, ready.asked_tiles
    bag = load_bag(path, slide_mpp=slide.require_mpp(), side_px=asked.side_px, mpp=asked.mpp)
    _check_slide(bag, slide, path)
    check_features(ready, bag, model)
    check_tiles(bag.tiles, options.tiles, model, path)
    bag = _within(bag, regions, path)
    predicted = predict_bag(model, bag.features, device=options.encode.device, masks=options.masks)
    return SlideResult(
        created=datetime.now().astimezone().isoformat(timespec="seconds"),
        slide=slide.facts,
        options=options.model_dump(mode="json") | _record(ready, bag, model, regions),
        model=model_facts(model),
        versions=library_versions(),
        tiles=bag.tiles,
        prediction=predicted.prediction,
        tile_outputs=predicted.tile_outputs,
        tissue=None if model.tissue is None else model.tissue.compare(bag.features),
    )


def check_features(ready: ReadyFeatures, bag: FeatureBag, model: Checkpoint) -> None:
    """Refuse features of another encoder or length than the model was trained on; both are named.

    Raises
    ------
    CheckpointError
        If they are.
    """
    made_by, card = ready.encoder or bag.encoder.name, bag.encoder
    check_encoder(ready.path, made_by, card.features, model)
    check_fits(model, replace(card, name=made_by))


def check_encoder(path: Path, made_by: str, features: int, model: Checkpoint) -> None:
    """Refuse features of a length by an encoder, "unknown" if it is not stated, that the model was not trained on.

    Raises
    ------
    CheckpointError
        If it was not.
    """
    same_length = features == model.options.features
    if same_length and (made_by == UNKNOWN or same_encoder(made_by, model.encoder)):
        return
    by = "an encoder that it does not name" if made_by == UNKNOWN else made_by
    error = EncoderNameError if same_length else CheckpointError
    raise error(
        f"{path} holds {features} features per tile of {by}, but the model {model.name} was trained on "
        f"{model.options.features} of {model.encoder}. Use features of {model.encoder}, or a model that was trained on "
        f"these{_two_names(model) if same_length else '.'}"
    )


def _two_names(model: Checkpoint) -> str:
    return (
        f". If both are names of one encoder, say so: with --features-encoder {model.encoder}, or below in the window."
    )


def _check_slide(bag: FeatureBag, slide: Slide, path: Path) -> None:
    known = slide.facts.has_slide and bag.slide.quick_hash not in ("", slide.facts.quick_hash)
    if known:
        raise FeatureFileError(
            f"{path} holds the features of another slide ({bag.slide.name}), not of {slide.facts.name}. "
            "Name the right file."
        )
    extent_px0 = tuple((bag.tiles.xy_px0.max(axis=0) + bag.tiles.side_px0).tolist())  # where no size is stated
    if bag.slide.size_px0 not in {slide.facts.size_px0, extent_px0}:
        (width, height), (wide, high) = bag.slide.size_px0, slide.facts.size_px0
        raise FeatureFileError(
            f"{path} is of a slide of {width} x {height} pixels, but {slide.facts.name} has {wide} x {high}: it is of "
            "another slide, or of this one cropped or at another level. Name the right file, or encode the slide again."
        )
    outside = (bag.tiles.xy_px0 < 0) | (bag.tiles.xy_px0 >= slide.facts.size_px0)
    if outside.any():
        raise FeatureFileError(f"{path} has tiles outside {slide.facts.name}: they are of another slide.")
    if len(np.unique(bag.tiles.xy_px0, axis=0)) < len(bag):
        raise FeatureFileError(f"{path} holds several tiles of one place. Encode the slide again.")


def check_tiles(tiles: TileGrid, wanted: TileOptions, model: Checkpoint, path: Path) -> None:
    """Refuse tiles that are larger or smaller than those that are wanted, which are the model's by default.

    Where the pixel size of the tiles is not known yet, their side alone counts.

    Raises
    ------
    FeatureFileError
        If they are.
    """
    side_px, mpp = wanted.side_px or model.side_px, wanted.mpp or model.mpp
    other_mpp = not isnan(tiles.mpp) and not isclose(tiles.mpp, mpp, rel_tol=SAME_MPP)
    if tiles.side_px != side_px or other_mpp:
        raise FeatureFileError(
            f"{path} holds features of tiles of {tiles.side_px} px at {tiles.mpp:.3g} µm per pixel, but the model "
            f"{model.name} is for {side_px} px at {mpp:.3g}. Use features of such tiles, or run it all the same with "
            f"--tiles.side-px {tiles.side_px} --tiles.mpp {tiles.mpp:.3g} (in the window, under Advanced)."
        )


def _record(ready: ReadyFeatures, bag: FeatureBag, model: Checkpoint, regions: Regions | None) -> dict[str, object]:
    """Return what a result records beside the options."""
    card, stated = bag.encoder, bag.encoder.name
    return {
        "encoder": ready.encoder or stated,
        "encoder_sha256": card.weights_sha256,
        "precision": card.precision,
        **(regions.as_record() if regions else {"regions_px0": None}),
        "features_sha256": features_sha256(ready.path),
        "features": {"file": ready.path.name, "encoder": stated, "model_encoder": model.encoder},
    }


def _within(bag: FeatureBag, regions: Regions | None, path: Path) -> FeatureBag:
    if regions is None:
        return bag
    tiles = bag.tiles
    inside = regions.hold((tiles.xy_px0 + tiles.side_px0 / 2).astype(np.float64))
    if not inside.any():
        raise RegionError(f"No tile of {path} lies in the regions. Draw larger ones, or check that they belong to it.")
    return replace(bag, features=bag.features[inside], tiles=replace(tiles, xy_px0=tiles.xy_px0[inside]))
