"""A run on the workers of a Dask cluster: they read the slide and write the result, and the window shows it."""

import json
from collections.abc import Generator
from pathlib import Path
from tempfile import TemporaryDirectory

from shapely import MultiPolygon, to_geojson

from msm_mil_core.analysis_options import AnalysisOptions
from msm_mil_core.cluster.cluster_options import ClusterOptions
from msm_mil_core.cluster.dask_run import run_on_cluster
from msm_mil_core.cohort.job_end import JobEnd
from msm_mil_core.cohort.listing.slide_entry import SlideEntry
from msm_mil_core.cohort.run_choices import RunChoices
from msm_mil_core.cohort.run_settings import settings_for
from msm_mil_core.cohort.slide_job import SlideJob
from msm_mil_core.errors import CohortError
from msm_mil_core.mil.model_file.checkpoint import Checkpoint
from msm_mil_core.progress import Progress
from msm_mil_core.results.result_file import load_result
from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.run.run_request import RunRequest


def run_on_workers(
    request: RunRequest, options: AnalysisOptions, checkpoint: Checkpoint
) -> Generator[Progress, None, SlideResult]:
    """Let a worker run the model on the slide; what it writes is in the results folder until it is read.

    Raises
    ------
    CohortError
        If the cluster cannot be used, or the slide fails there; the message says why.
    """
    request.folders.results.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".on-cluster-", dir=request.folders.results) as folder:
        job = _job(request, options, checkpoint, Path(folder))
        for event in run_on_cluster([job], RunChoices(), ClusterOptions(scheduler=request.scheduler)):
            if not isinstance(event, JobEnd):
                yield event
            elif event.state == "failed":
                raise CohortError(event.why)
        return load_result(job.target)


def _job(request: RunRequest, options: AnalysisOptions, checkpoint: Checkpoint, folder: Path) -> SlideJob:
    region = None
    if request.polygons:
        region = folder / "region.geojson"
        shape = json.loads(to_geojson(MultiPolygon(request.polygons)))
        region.write_text(json.dumps({"type": "Feature", "geometry": shape, "properties": {}}), encoding="utf-8")
    return SlideJob(
        entry=SlideEntry(slide=request.slide, mpp=request.mpp, region=region),
        settings=settings_for(checkpoint, options, features_folder=request.folders.features),
        target=folder / "result.msm.h5",
    )
