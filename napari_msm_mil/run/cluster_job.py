"""A run on the workers of a Dask cluster: they read the slide and write the result, and the window shows it."""

import json
from collections.abc import Generator
from pathlib import Path
from tempfile import TemporaryDirectory

from shapely import Polygon, to_geojson
from shapely.affinity import translate

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
from msm_mil_core.slides.regions import RegionLabel
from msm_mil_core.slides.slide import open_slide
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
        region.write_text(json.dumps(_as_qupath_counts(request)), encoding="utf-8")
    slide = request.slide or request.features
    if slide is None:
        raise CohortError("There is neither a slide nor features. Open a slide, or choose features.")
    ready = {"features_encoder": request.features_encoder}
    return SlideJob(
        entry=SlideEntry(slide=slide, mpp=request.mpp, region=region, features=request.features),
        settings=settings_for(checkpoint, options, features_folder=request.folders.features, **ready),
        target=folder / "result.msm.h5",
    )


def _as_qupath_counts(request: RunRequest) -> list[dict[str, object]]:
    """Return the regions as QuPath would export them; on a blank canvas both count from one corner."""
    x, y = (0, 0) if request.slide is None else _origin_px0(request.slide, request.mpp)
    moved = [translate(each, -x, -y) for each in request.polygons]
    labels = request.labels or [RegionLabel()] * len(moved)
    return [_feature(*each) for each in zip(moved, labels, strict=True)]


def _origin_px0(path: Path, mpp: float | None) -> tuple[int, int]:
    with open_slide(path, mpp=mpp) as slide:
        return slide.facts.origin_px0


def _feature(polygon: Polygon, label: RegionLabel) -> dict[str, object]:
    """Return a region as QuPath would export it, counted from its origin: so the worker reads it."""
    properties = {"name": label.name} | ({"classification": label.class_name} if label.class_name else {})
    return {"type": "Feature", "geometry": json.loads(to_geojson(polygon)), "properties": properties}
