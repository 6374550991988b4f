"""In what a result that exists differs from the one that a job would make."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, asdict, fields
from typing import Any

from msm_mil_core.analysis_options import AnalysisOptions
from msm_mil_core.cohort.features.features_hash import features_sha256
from msm_mil_core.cohort.slide_job import SlideJob
from msm_mil_core.errors import ResultError
from msm_mil_core.options import Options
from msm_mil_core.results.run_identity import RecordedRun, read_run
from msm_mil_core.slides.slide import Slide, SlideFacts

WITHOUT_EFFECT = frozenset({"encode.device", "encode.batch", "encode.threads"})
"""Options that say where and how fast, not what is computed."""
FOUND = frozenset(
    {"encoder", "encoder_sha256", "features", "features_sha256", "precision", "regions_px0", "region_names"}
)
"""What a result records beside the options."""
PLACE = frozenset({"name", "path", "profile", "colors"})
"""Facts of a slide that change with where it lies, or that older versions did not record; the options say the last."""


def find_differences(job: SlideJob) -> tuple[str, ...]:
    """Say each thing in which the result at a job's target is not of this job; empty if it is.

    Raises
    ------
    MsmMilError
        If the slide or its regions cannot be read.
    """
    try:
        recorded = read_run(job.target)
    except ResultError as exc:
        return (str(exc),)
    with job.open() as slide:
        return tuple(_differences(job, slide, recorded))


def choices(options: Options) -> dict[str, Any]:
    """Return every choice that can change the numbers, by its name with dots."""
    return _effective(options.model_dump(mode="json"))


def _differences(job: SlideJob, slide: Slide, recorded: RecordedRun) -> Iterator[str]:
    settings, regions = job.settings, job.read_regions(slide)
    yield from _differ("slide ", _facts(recorded.slide), _facts(_as_json(slide.facts)))
    yield from _differ("model ", {"sha256": recorded.model.get("sha256")}, {"sha256": settings.model_sha256})
    then = {name: value for name, value in recorded.options.items() if name not in FOUND}
    defaults = AnalysisOptions().model_dump(mode="json")
    yield from _differ("", _effective(_merged(defaults, then)), choices(settings.analysis))
    yield from _differ("", *_features(job, recorded))
    if recorded.options.get("regions_px0") != (regions.as_json() if regions else None):
        yield "its region is another one"


def _features(job: SlideJob, recorded: RecordedRun) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return where the features come from, there and here: from a file, or from an encoder."""
    names = ("features_sha256",) if job.entry.features else ("features_sha256", "encoder", "encoder_sha256")
    there = {name: recorded.options.get(name) for name in names}
    if job.entry.features:
        return there, {"features_sha256": features_sha256(job.entry.features)}
    settings = job.settings
    return there, {"encoder": settings.encoder, "encoder_sha256": settings.find_encoder_sha256()}


def _facts(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a slide that its place does not change; what an older version lacks is by default."""
    known = {field.name: field.default for field in fields(SlideFacts) if field.default is not MISSING}
    return {name: value for name, value in {**known, **record}.items() if name not in PLACE}


def _as_json(facts: SlideFacts) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(facts).items()}


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with the values of another one, group by group: what an older version lacks is by default."""
    both = {
        name: _merged(base[name], value) if isinstance(base.get(name), dict) and isinstance(value, dict) else value
        for name, value in over.items()
    }
    return {**base, **both}


def _effective(options: Mapping[str, Any], group: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in options.items():
        if isinstance(value, dict):
            found |= _effective(value, f"{group}{name}.")
        elif f"{group}{name}" not in WITHOUT_EFFECT:
            found[f"{group}{name}"] = value
    return found


def _differ(of: str, then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*then, *now}):
        if then.get(name) != now.get(name):
            yield f"{of}{name} is {_short(then.get(name))} there, {_short(now.get(name))} here"


def _short(value: object) -> str:
    text = str(value)
    return f"{text[:12]}…" if isinstance(value, str) and len(text) > 40 else text
