"""msm-mil run --like RESULT: the run that made a result, to be made again here."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from msm_mil_core.analysis_options import AnalysisOptions
from msm_mil_core.atomic_write import whole_file
from msm_mil_core.cli.running.run_options import RunOptions
from msm_mil_core.cohort.cohort_folder import CohortFolder
from msm_mil_core.cohort.features.features_hash import features_sha256
from msm_mil_core.cohort.listing.slide_entry import SlideEntry
from msm_mil_core.cohort.run_plan import RunPlan, read_plans
from msm_mil_core.cohort.run_settings import installed_sha256
from msm_mil_core.errors import CheckpointError, EncoderError, FeatureFileError, ResultError
from msm_mil_core.mil.model_file.checkpoint import bundled_checkpoints
from msm_mil_core.results.result_file import load_result
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.find_slide import require_slide
from msm_mil_core.slides.readers.reader_choice import ReaderChoice

OF_THE_MACHINE = frozenset({"device", "batch", "threads"})
"""Where and how fast tiles were encoded, which another machine decides anew."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What a result records of its run, found again on this machine, with what was typed in its place."""

    slide: SlideEntry | None
    """Its own slide as it was run, with pixel size, region and features; None where others are to be run."""
    batch: RunOptions
    """With its model and its reader."""
    options: AnalysisOptions


def read_replay(path: Path, batch: RunOptions, options: AnalysisOptions, *, own_slide: bool) -> Replay:
    """Read the run of a result, and find what it needs; what was typed counts more.

    The model is looked for among the bundled ones, where the run was told to find it, beside the result, and in the
    current folder; that of the same content counts.

    Parameters
    ----------
    own_slide
        Whether the slide of the result is to be run, not others.

    Raises
    ------
    ResultError
        If the file is no result, or has options that this version lacks.
    CheckpointError, EncoderError, SlideError, FeatureFileError
        If its model, the weights of its encoder, its slide or its features are not found here; the message names them.
    """
    result = load_result(path)
    plans = tuple(read_plans(CohortFolder(path.parent)))
    found: dict[str, Any] = {"model": _find_model(result, path, batch.model, plans)}
    if "reader" not in batch.model_fields_set and result.slide.reader in get_args(ReaderChoice):
        found["reader"] = result.slide.reader
    slide = _own_entry(result, path, plans, batch) if own_slide else None
    if slide is None or slide.features is None:
        _require_encoder(result, path)
    return Replay(slide, batch.replace(**found), _merged_options(result, path, options))


def _merged_options(result: SlideResult, path: Path, options: AnalysisOptions) -> AnalysisOptions:
    chosen = _merged(_choices(result, path), options.model_dump(exclude_unset=True))
    try:
        return AnalysisOptions.model_validate(chosen)
    except ValidationError as exc:
        wrong = ", ".join(".".join(map(str, error["loc"])) for error in exc.errors())
        raise ResultError(f"{path} was run with options that cannot be used here: {wrong}. Give them anew.") from exc


def _choices(result: SlideResult, path: Path) -> dict[str, Any]:
    known = AnalysisOptions.model_fields
    chosen = {name: value for name, value in result.options.items() if name in known}
    if not chosen:
        raise ResultError(f"{path} records no options of its run. Give them one by one.")
    encode = chosen.get("encode", {})
    return {**chosen, "encode": {name: value for name, value in encode.items() if name not in OF_THE_MACHINE}}


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    both = {
        name: _merged(base[name], value) if isinstance(value, dict) and isinstance(base.get(name), dict) else value
        for name, value in over.items()
    }
    return {**base, **both}


def _find_model(result: SlideResult, path: Path, named: Path | None, plans: tuple[RunPlan, ...]) -> Path:
    sought = result.model
    if named is not None:
        if _sha256(named) != sought.sha256:
            raise CheckpointError(
                f"{named} is not the model of {path}: that is {sought.name} (sha256 {sought.sha256[:12]}…). "
                "Leave --like out to run another model."
            )
        return named
    for place in _places(path, plans):
        if _sha256(place) == sought.sha256:
            return place
    raise CheckpointError(
        f"The model of {path}, {sought.name} (sha256 {sought.sha256[:12]}…), is not found: it is none of the bundled "
        "ones, not where the run had it, not beside the result and not in the current folder. Name it with --model."
    )


def _places(path: Path, plans: tuple[RunPlan, ...]) -> Iterator[Path]:
    yield from bundled_checkpoints()
    yield from (plan.settings.model for plan in plans)
    for folder in (path.parent, Path()):
        yield from sorted(folder.glob("*.safetensors"))


def _sha256(path: Path) -> str:
    """Return the hash of a file; of one that cannot be read, nothing."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _require_encoder(result: SlideResult, path: Path) -> None:
    name, sought = str(result.options.get("encoder", "")), str(result.options.get("encoder_sha256", ""))
    here = installed_sha256(name) if name and sought else sought
    if here != sought:
        raise EncoderError(
            f"The encoder {name} has other weights here (sha256 {here[:12]}…) than in the run of {path} "
            f"({sought[:12]}…). Install those, or leave --like out."
        )


def _own_entry(result: SlideResult, path: Path, plans: tuple[RunPlan, ...], batch: RunOptions) -> SlideEntry:
    facts = result.slide
    with require_slide(facts, path) as slide:
        place = Path(slide.facts.path)
    return SlideEntry(
        slide=place,
        mpp=batch.mpp or (facts.mpp if facts.mpp_origin == "user" else None),
        region=batch.region or _region_file(result, batch.out),
        features=_find_features(result, path, plans),
    ).absolute()


def _find_features(result: SlideResult, path: Path, plans: tuple[RunPlan, ...]) -> Path | None:
    sought = result.options.get("features_sha256")
    if sought is None:
        return None
    for plan in plans:
        for slide in plan.slides:
            if slide.entry.features is not None and features_sha256(slide.entry.features) == sought:
                return slide.entry.features
    raise FeatureFileError(
        f"{path} was made from features that were encoded before (sha256 {sought[:12]}…), and their file is not where "
        "the run had it. Name slide and features in a table: columns slide and features."
    )


def _region_file(result: SlideResult, out: Path) -> Path | None:
    """Write the polygons that limited the run as QuPath counts them, where plans of runs are; None if nothing did."""
    polygons = result.options.get("regions_px0")
    if not polygons:
        return None
    corner = result.slide.origin_px0
    features = [
        {"type": "Feature", "geometry": _moved(polygon, corner), "properties": {"objectType": "annotation"}}
        for polygon in polygons
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features})
    path = CohortFolder(out).plans / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.geojson"
    with whole_file(path) as part:
        part.write_text(text, encoding="utf-8")
    return path


def _moved(polygon: Mapping[str, Any], corner_px0: tuple[int, int]) -> dict[str, Any]:
    left, top = corner_px0
    rings = [[[x - left, y - top] for x, y, *_ in ring] for ring in polygon["coordinates"]]
    return {**polygon, "coordinates": rings}
