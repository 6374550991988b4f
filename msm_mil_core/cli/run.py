"""msm-mil run: slides in, one result file each."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from msm_mil_core.atomic_write import check_writable
from msm_mil_core.cli.batch import each_slide, output_paths, print_failed
from msm_mil_core.cli.console import drive, out, printable
from msm_mil_core.export.qupath.import_regions import read_regions
from msm_mil_core.mil.checkpoint import Checkpoint, default_checkpoint_path, load_checkpoint
from msm_mil_core.options import Options
from msm_mil_core.pipeline import AnalysisOptions, analyse
from msm_mil_core.results.result_file import save_result
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.slide import open_slide
from msm_mil_core.user_folders import features_folder

SUFFIX = ".msm.h5"


class RunOptions(Options):
    """What a user chooses for a batch of runs beside the analysis itself."""

    model: Path | None = None
    """Checkpoint (.safetensors); the bundled demonstration model by default."""
    out: Path = Path()
    """Folder for the results."""
    device: str | None = None
    """auto, cpu, cuda, cuda:1 or mps; short for --encode.device."""
    mpp: float | None = None
    """Micrometres per level-0 pixel, for slides that do not record it; overrides those that do."""
    region: Path | None = None
    """GeoJSON with polygons that limit the run, as QuPath exports them."""
    overwrite: bool = False
    """Replace results that already exist; annotations on the same run are preserved."""
    keep_features: bool = True
    """Cache features for reuse in the user's cache folder."""


def run(
    slides: list[Path],
    /,
    *,
    batch: Annotated[RunOptions, Parameter(name="*")] = RunOptions(),
    options: Annotated[AnalysisOptions, Parameter(name="*")] = AnalysisOptions(),
) -> int:
    """Run MSM-MIL on slides; write one result file (.msm.h5) a slide and print a table.

    Parameters
    ----------
    slides
        Whole-slide images, or folders that hold one DICOM slide each.
    """
    checkpoint = load_checkpoint(batch.model or default_checkpoint_path())
    paths = output_paths(slides, batch.out, SUFFIX)
    check_writable(batch.out)
    options = _with_device(options, batch.device)
    done = each_slide(slides, lambda slide: _run_one(slide, paths[slide], checkpoint, batch, options))
    out.print(_table(done.good, checkpoint))
    print_failed(done)
    return done.exit_code()


def _with_device(options: AnalysisOptions, device: str | None) -> AnalysisOptions:
    if device is None:
        return options
    return options.replace(encode=options.encode.replace(device=device))


def _run_one(
    path: Path, target: Path, checkpoint: Checkpoint, batch: RunOptions, options: AnalysisOptions
) -> SlideResult:
    with open_slide(path, mpp=batch.mpp) as slide:
        regions = read_regions(batch.region, slide.facts) if batch.region else None
        cache = features_folder() if batch.keep_features else None
        result = drive(analyse(slide, checkpoint, options, regions=regions, cache=cache), slide.facts.name)
    save_result(result, target, overwrite=batch.overwrite)
    return result


def _table(good: Mapping[Path, SlideResult], checkpoint: Checkpoint) -> Table:
    table = Table(title=f"{checkpoint.name} (research use, not for diagnosis)", title_justify="left")
    for column in ("slide", "prediction", *(f"P({name})" for name in checkpoint.classes), "tiles"):
        table.add_column(column, overflow="fold")
    for path, result in good.items():
        chances = (f"{chance:.3f}" for chance in result.prediction.probabilities)
        table.add_row(printable(path.name), result.prediction.winner, *chances, str(len(result.tiles)))
    return table
