"""msm-mil run: slides in, one result file each; the same command continues where it was stopped."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from pydantic import Field

from msm_mil_core.analysis_options import AnalysisOptions
from msm_mil_core.cli.inputs import require_models, require_result
from msm_mil_core.cluster.cluster_options import ClusterOptions
from msm_mil_core.cohort.listing.feature_match import features_alone, match_features
from msm_mil_core.cohort.listing.shard import Shard
from msm_mil_core.cohort.listing.slide_entry import SlideEntry
from msm_mil_core.cohort.listing.slide_list import list_slides
from msm_mil_core.cohort.run_choices import RunChoices
from msm_mil_core.errors import RegionError, SlideListError
from msm_mil_core.options import Options
from msm_mil_core.slides.pixel_size import SANE_MPP
from msm_mil_core.slides.readers.reader_choice import ReaderChoice


class RunOptions(Options):
    """What a user chooses for a batch of runs beside the analysis itself."""

    model: Path | None = None
    """Checkpoint (.safetensors); the bundled demonstration model by default."""
    out: Path = Path()
    """Folder for the results."""
    device: str | None = None
    """auto, cpu, cuda, cuda:1 or mps; short for --encode.device."""
    mpp: float | None = Field(default=None, ge=SANE_MPP[0], le=SANE_MPP[1], allow_inf_nan=False)
    """Micrometres per level-0 pixel, for slides that do not record it; overrides those that do."""
    reader: ReaderChoice = "auto"
    """What reads the pixels: auto decodes tiles directly where they are openslide's pixels; openslide on all machines
    makes results alike where some lack a decoder; fsspec reads addresses such as s3://bucket/slide.tif."""
    region: Path | None = None
    """GeoJSON with polygons that limit the run, as QuPath exports them; what has a class "Ignore*" is cut out."""
    region_class: tuple[str, ...] = ()
    """Only polygons of this class (classification) limit the run; may be repeated."""
    features: Path | None = None
    """Features encoded before, by this program or another one: a file, or a folder with one for each slide, found by
    its name. Nothing is encoded. Without slides, maps lie on a blank canvas."""
    features_encoder: str | None = None
    """What made the features, by the model's name for it, where their files call it otherwise."""
    overwrite: bool = False
    """Replace results of other models, options or slides; annotations on the same run are preserved."""
    keep_features: bool = True
    """Cache features for reuse in the user's cache folder."""
    like: Path | None = None
    """A result (.msm.h5): run its slide again, or the slides named here, with its model and all its options; what is
    typed beside it counts more."""
    shard: str = "1/1"
    """Take a fixed share of the slides: 1/8 to 8/8, for array jobs of a cluster."""


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
    from msm_mil_core.cli.running.plan_run import (
        plan_run,  # a slide, region or model that is missing need not wait for it
    )
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
