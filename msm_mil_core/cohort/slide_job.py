"""One slide, one job: whoever does it, wherever and however often, the same result is in its place at the end."""

from collections.abc import Generator
from pathlib import Path
from typing import Self

from msm_mil_core.cohort.claims import Claim
from msm_mil_core.cohort.cohort_folder import CohortFolder, key_of
from msm_mil_core.cohort.features.ready_features import ReadyFeatures, analyse_features, open_blank
from msm_mil_core.cohort.index_pictures import write_pictures
from msm_mil_core.cohort.listing.slide_entry import SlideEntry
from msm_mil_core.cohort.run_settings import RunSettings
from msm_mil_core.cohort.slide_answer import SlideAnswer, answer_of
from msm_mil_core.disk_space import check_space
from msm_mil_core.errors import CohortError
from msm_mil_core.export.qupath.import_regions import read_regions
from msm_mil_core.mil.model_file.checkpoint import Checkpoint
from msm_mil_core.options import Options
from msm_mil_core.pipeline import analyse
from msm_mil_core.progress import Progress
from msm_mil_core.results.result_file import save_result
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.regions import Regions
from msm_mil_core.slides.slide import Slide, open_slide


class SlideJob(Options):
    """What is to be done for a slide; it can be pickled, and written as JSON."""

    entry: SlideEntry
    settings: RunSettings
    target: Path
    """The result's file."""

    @property
    def key(self) -> str:
        """Stands for the slide in names."""
        return key_of(self.target)

    @property
    def folder(self) -> CohortFolder:
        """Where the result is, and what is known of it."""
        return CohortFolder(self.target.parent)

    @property
    def ready(self) -> ReadyFeatures | None:
        """Features that were encoded before; None where the slide is to be encoded."""
        path, settings = self.entry.features, self.settings
        return ReadyFeatures(path, settings.asked_tiles, settings.features_encoder) if path else None

    def placed(self, device: str | None) -> Self:
        """Return the same job on one of the devices; None leaves it where it is."""
        if device is None:
            return self
        analysis = self.settings.analysis
        analysis = analysis.replace(encode=analysis.encode.replace(device=device))
        return self.replace(settings=self.settings.replace(analysis=analysis))

    def open(self) -> Slide:
        """Open the slide as this job asks for it; a blank one where there are features only."""
        if self.entry.alone and self.ready is not None:
            return open_blank(self.ready, self.entry.mpp)
        slide = open_slide(self.entry.slide, mpp=self.entry.mpp, reader=self.settings.reader)
        return slide.in_colors(self.settings.analysis.colors)

    def read_regions(self, slide: Slide) -> Regions | None:
        """Read the polygons that limit the run; None if nothing does."""
        region = self.entry.region
        return read_regions(region, slide.facts, classes=self.settings.region_class) if region else None


def run_slide(job: SlideJob, claim: Claim | None = None) -> Generator[Progress, None, SlideAnswer]:
    """Run the model on a slide, and write the result; a result that is there is replaced only if that is allowed.

    Parameters
    ----------
    claim
        That this process does it; if another process has taken it over meanwhile, nothing is written.

    Raises
    ------
    MsmMilError
        As `analyse` and `save_result` raise it.
    CohortError
        If the claim is lost.
    """
    model = job.settings.load_model()
    with job.open() as slide:
        regions = begin_slide(job, slide, model)
        result = yield from _analyse(job, slide, model, regions)
        return end_slide(job, slide, regions, result, claim)


def begin_slide(job: SlideJob, slide: Slide, model: Checkpoint) -> Regions | None:
    """Read the regions that limit the run, and check that there is room for its result.

    Raises
    ------
    RegionError, OutputError
        If they cannot be read, or there is too little.
    """
    regions = job.read_regions(slide)
    check_space(job.target.parent, _most_bytes(slide, model))
    return regions


def end_slide(
    job: SlideJob, slide: Slide, regions: Regions | None, result: SlideResult, claim: Claim | None
) -> SlideAnswer:
    """Write the result of an open slide, and what the index shows of it.

    Raises
    ------
    OutputError, CohortError
        If it cannot be written, or the claim is lost.
    """
    _save(job, result, claim)
    if job.settings.listed:
        write_pictures(result, slide, job.folder.pictures, job.key)
    return answer_of(result, (slide.remark, regions.remark if regions else ""))


def _analyse(
    job: SlideJob, slide: Slide, model: Checkpoint, regions: Regions | None
) -> Generator[Progress, None, SlideResult]:
    settings = job.settings
    if job.ready is not None:
        yield Progress("Reading features", 0, 1)
        return analyse_features(job.ready, slide, model, settings.analysis, regions)
    return (yield from analyse(slide, model, settings.analysis, regions=regions, cache=settings.features_folder))


def _save(job: SlideJob, result: SlideResult, claim: Claim | None) -> None:
    if claim is not None and not claim.is_held():
        raise CohortError(
            f"{job.entry.slide.name} was taken over by another process, as this one seemed to have stopped; "
            "its result counts."
        )
    save_result(result, job.target, overwrite=job.settings.overwrite)


def _most_bytes(slide: Slide, model: Checkpoint) -> int:
    """Return about how large a result can become: if the slide were all tissue, before compression."""
    side_px0 = model.side_px * model.mpp / (slide.facts.mpp or model.mpp)
    width, height = slide.facts.size_px0
    tiles = max(1.0, width / side_px0) * max(1.0, height / side_px0)
    per_stage = 3 + 2 * len(model.classes)
    return round(tiles * 4 * (model.options.stages * per_stage + len(model.classes) + 4))
