"""msm-mil run: slides in, one result file each; the same command continues where it was stopped."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from msm_mil_core.analysis_options import AnalysisOptions
from msm_mil_core.cli.inputs import require_models, require_result
from msm_mil_core.cli.running.run_options import RunOptions
from msm_mil_core.cluster.cluster_options import ClusterOptions
from msm_mil_core.cohort.listing.feature_match import features_alone, match_features
from msm_mil_core.cohort.listing.shard import Shard
from msm_mil_core.cohort.listing.slide_entry import SlideEntry
from msm_mil_core.cohort.listing.slide_list import list_slides
from msm_mil_core.cohort.run_choices import RunChoices
from msm_mil_core.errors import RegionError, SlideListError


def run(
    slides: tuple[Path, ...] = (),
    /,
    *,
    batch: Annotated[RunOptions, Parameter(name="*")] = RunOptions(),
    options: Annotated[AnalysisOptions, Parameter(name="*")] = AnalysisOptions(),
    choices: Annotated[RunChoices, Parameter(name="*")] = RunChoices(),
    cluster: Annotated[ClusterOptions, Parameter(name="*")] = ClusterOptions(),
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Run MSM-MIL on slides; write one result file (.msm.h5) a slide and print a table.

    A slide is done when its result exists and is of the same slide, model, encoder and options; the same command does
    what is left. Several processes and machines may work to one --out folder: each slide is done by one of them.

    Parameters
    ----------
    slides
        Whole-slide images, folders of slides, folders that are one slide (DICOM, OME-Zarr), patterns in
        quotes ('slides/**/*.svs'), or CSV tables with a column slide and, as needed, mpp, region and features. May
        be left out where --features are given.
    as_json
        Print one line of JSON a slide instead of tables.
    """
    shard, entries = Shard.parse(batch.shard), _entries(slides, batch)
    if batch.like is not None:
        from msm_mil_core.cli.running.replay import read_replay  # with numpy, which slides that are missing need not

        again = read_replay(batch.like, batch, options, own_slide=not slides)
        batch, options = again.batch, again.options
        entries = entries if again.slide is None else _with_features([again.slide], batch.features)
    from msm_mil_core.cli.running.plan_run import plan_run  # what is missing of the above need not wait for it
    from msm_mil_core.cli.running.show_run import show_run

    jobs = plan_run(shard, entries, batch, options, here=not cluster.wanted)
    return show_run(jobs, choices, cluster, as_json=as_json)


def _entries(slides: Sequence[Path], batch: RunOptions) -> Sequence[SlideEntry]:
    """Return the slides that are named, with what is said for all of them; what is missing is told."""
    if batch.like is not None:
        require_result(batch.like)
    entries = [_with_defaults(entry, batch) for entry in _named(slides, batch)]
    _check_regions(entries, batch)
    require_models([] if batch.model is None else [batch.model])
    return entries


def _named(slides: Sequence[Path], batch: RunOptions) -> Sequence[SlideEntry]:
    if slides:
        return _with_features(list_slides(slides), batch.features)
    if batch.like is not None:
        return []
    if batch.features is None:
        raise SlideListError(
            "No slide is named. Name slides, folders or tables; or features alone with --features, or a result to run "
            "again with --like."
        )
    return features_alone(batch.features)


def _with_features(entries: Sequence[SlideEntry], features: Path | None) -> Sequence[SlideEntry]:
    return entries if features is None else match_features(entries, features)


def _with_defaults(entry: SlideEntry, batch: RunOptions) -> SlideEntry:
    """Return a slide with what is said for all of them, where a table does not say it for this one."""
    return entry.replace(mpp=entry.mpp or batch.mpp, region=entry.region or batch.region).absolute()


def _check_regions(entries: Sequence[SlideEntry], batch: RunOptions) -> None:
    if batch.region is not None and not batch.region.exists():
        raise RegionError(f"There is no {batch.region}. Check the path.")
    if batch.region_class and not any(entry.region for entry in entries):
        raise RegionError("--region-class chooses among the polygons of a file: give the file with --region.")
