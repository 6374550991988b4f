"""The jobs of a call of msm-mil run; whatever would keep one from ending well is said before any is begun."""

from collections.abc import Sequence
from pathlib import Path

from msm_mil_core.analysis_options import AnalysisOptions
from msm_mil_core.cli.outputs import check_outputs, output_paths
from msm_mil_core.cli.run import SUFFIX, RunOptions
from msm_mil_core.cohort.job_state import find_state
from msm_mil_core.cohort.listing.shard import Shard
from msm_mil_core.cohort.listing.slide_entry import SlideEntry
from msm_mil_core.cohort.listing.slide_list import list_slides
from msm_mil_core.cohort.run_settings import settings_for
from msm_mil_core.cohort.slide_job import SlideJob
from msm_mil_core.devices import choose_devices
from msm_mil_core.errors import MsmMilError, OutputError, RegionError
from msm_mil_core.mil.checkpoint import default_checkpoint_path, load_checkpoint
from msm_mil_core.user_folders import features_folder


def plan_run(slides: Sequence[Path], batch: RunOptions, options: AnalysisOptions, *, here: bool) -> Sequence[SlideJob]:
    """Return a job for each slide of the share that is wanted; `here`: this machine is to do them, on its devices.

    Raises
    ------
    SlideListError, RegionError, CheckpointError, DeviceError
        If the slides, the region, the model or the device cannot be used as they are named.
    OutputError
        If there is a result of something else, or a folder or file cannot be written; the message names it.
    """
    shard = Shard.parse(batch.shard)
    entries = [_with_defaults(entry, batch) for entry in list_slides(slides)]
    _check_regions(entries, batch)
    paths = output_paths([entry.slide for entry in entries], batch.out, SUFFIX)
    settings = settings_for(
        load_checkpoint(batch.model or default_checkpoint_path()),
        _with_device(options, batch.device),
        reader=batch.reader,
        region_class=batch.region_class,
        features_folder=features_folder() if batch.keep_features else None,
        listed=len(entries) > 1,
        overwrite=batch.overwrite,
    )
    if here and settings.analysis.encode.device != "auto":
        choose_devices(settings.analysis.encode.device)
    jobs = shard.of([SlideJob(entry=entry, settings=settings, target=paths[entry.slide]) for entry in entries])
    _check_targets(jobs)
    return jobs


def _with_defaults(entry: SlideEntry, batch: RunOptions) -> SlideEntry:
    """Return a slide with what is said for all of them, where a table does not say it for this one."""
    return entry.replace(mpp=entry.mpp or batch.mpp, region=entry.region or batch.region).absolute()


def _check_regions(entries: Sequence[SlideEntry], batch: RunOptions) -> None:
    if batch.region is not None and not batch.region.exists():
        raise RegionError(f"There is no {batch.region}. Check the path.")
    if batch.region_class and not any(entry.region for entry in entries):
        raise RegionError("--region-class chooses among the polygons of a file: give the file with --region.")


def _with_device(options: AnalysisOptions, device: str | None) -> AnalysisOptions:
    if device is None:
        return options
    return options.replace(encode=options.encode.replace(device=device))


def _check_targets(jobs: Sequence[SlideJob]) -> None:
    check_outputs([job.target for job in jobs], overwrite=True)
    different = [why for job in jobs if (why := _difference(job))]
    if different:
        more = f" So are {len(different) - 1} more." if len(different) > 1 else ""
        raise OutputError(f"{different[0]}{more}")


def _difference(job: SlideJob) -> str:
    try:
        return find_state(job).why
    except MsmMilError:  # the slide cannot be read: that is told when it is its turn
        return ""
