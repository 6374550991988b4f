"""What is found out of features before a run: which file it is, what it holds, and whether that fits the model."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from msm_mil_core.analysis_options import AnalysisOptions
from msm_mil_core.bags.bag_file import load_places
from msm_mil_core.bags.feature_table import open_table
from msm_mil_core.bags.foreign_formats import UNKNOWN
from msm_mil_core.cohort.features.ready_features import check_encoder, check_tiles, slide_mpp
from msm_mil_core.cohort.listing.feature_files import list_feature_files
from msm_mil_core.cohort.listing.feature_match import match_features
from msm_mil_core.cohort.listing.slide_entry import SlideEntry
from msm_mil_core.errors import SlideListError
from msm_mil_core.mil.model_file.checkpoint import Checkpoint
from msm_mil_core.pipeline import completed
from msm_mil_core.progress import Progress


@dataclass(frozen=True, slots=True)
class FeaturesQuestion:
    """Features that a user names, and what they are to be run with."""

    named: Path
    """A file, or a folder with one for each slide."""
    slide: Path | None
    """None for features alone."""
    mpp: float | None
    """Micrometres per level-0 pixel of the slide, where it is known."""
    encoder: str | None
    """What made them, as a user says; None takes what the file states."""


@dataclass(frozen=True, slots=True)
class FoundFeatures:
    """Features that fit."""

    path: Path
    tiles: int
    features: int
    encoder: str | None
    """What made them; None where neither the file nor the user says it."""

    def __str__(self) -> str:
        by = self.encoder or "an encoder that the file does not name"
        return f"{self.tiles:,} tiles × {self.features:,} features of {by}"


def find_features(
    asked: FeaturesQuestion, model: Checkpoint, options: AnalysisOptions
) -> Generator[Progress, None, FoundFeatures]:
    """Find the file, and read all of it but the features.

    Raises
    ------
    SlideListError
        If there is no file for the slide, or several may be.
    FeatureFileError, CheckpointError
        If it cannot be read, is not what the model was trained on, or has no pixel size and no slide.
    """
    yield Progress("Looking at the features", 0, 1)
    path = _file(asked)
    table = open_table(path)
    made_by = asked.encoder or table.encoder or UNKNOWN
    check_encoder(path, made_by, table.features, model)
    given = options.tiles
    facts, tiles = load_places(path, slide_mpp=asked.mpp, side_px=given.side_px, mpp=given.mpp)
    check_tiles(tiles, completed(options, model).tiles, model, path)
    if asked.slide is None and asked.mpp is None:
        slide_mpp(path, facts, tiles, given)
    return FoundFeatures(path, table.tiles, table.features, None if made_by == UNKNOWN else made_by)


def _file(asked: FeaturesQuestion) -> Path:
    if asked.slide is not None:
        (entry,) = match_features([SlideEntry(slide=asked.slide)], asked.named)
        return entry.features or asked.named
    files = list_feature_files(asked.named)
    if len(files) > 1:
        raise SlideListError(f"{asked.named} holds {len(files)} files of features. Open a slide, or choose one file.")
    return files[0]
