"""The jobs of a call of msm-mil run; whatever would keep one from ending well is said before any is begun."""

from collections.abc import Sequence

from msm_mil_core.analysis_options import AnalysisOptions
from msm_mil_core.cli.outputs import check_outputs, output_paths
from msm_mil_core.cli.running.run_options import RunOptions
from msm_mil_core.cohort.job_state import find_state
from msm_mil_core.cohort.listing.shard import Shard
from msm_mil_core.cohort.listing.slide_entry import SlideEntry
from msm_mil_core.cohort.run_settings import settings_for
from msm_mil_core.cohort.slide_job import SlideJob
from msm_mil_core.devices import choose_devices
from msm_mil_core.errors import MsmMilError, OutputError
from msm_mil_core.file_names import RESULT_SUFFIX
from msm_mil_core.mil.model_file.checkpoint import default_checkpoint_path, load_checkpoint
from msm_mil_core.user_folders import features_folder


def plan_run(
    shard: Shard, entries: Sequence[SlideEntry], batch: RunOptions, options: AnalysisOptions, *, here: bool
) -> Sequence[SlideJob]:
    """Return a job for each slide of the share that is wanted; `here`: this machine is to do them, on its devices.

    Raises
    ------
    CheckpointError, DeviceError
        If the model or the device cannot be used as it is named.
    OutputError
        If there is a result of something else, or a folder or file cannot be written; the message names it.
    """
    paths = output_paths([entry.slide for entry in entries], batch.out, RESULT_SUFFIX)
    settings = settings_for(
        load_checkpoint(batch.model or default_checkpoint_path()),
        _with_device(options, batch.device),
        reader=batch.reader,
        features_encoder=batch.features_encoder,
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
