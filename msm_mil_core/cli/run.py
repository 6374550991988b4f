"""msm-mil run: slides in, one result file each."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from msm_mil_core.cli.batch import each_slide, finish
from msm_mil_core.cli.console import drive, out, print_line, printable
from msm_mil_core.cli.outputs import check_outputs, check_space, output_paths
from msm_mil_core.errors import RegionError
from msm_mil_core.export.qupath.import_regions import read_regions
from msm_mil_core.export.tables.roles import answer_roles
from msm_mil_core.mil.checkpoint import Checkpoint, default_checkpoint_path, load_checkpoint
from msm_mil_core.options import Options
from msm_mil_core.pipeline import AnalysisOptions, analyse
from msm_mil_core.results.result_file import save_result
from msm_mil_core.slides.readers.reader import ReaderChoice
from msm_mil_core.slides.resolution import resolution_warning
from msm_mil_core.slides.slide import Slide, open_slide
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
    reader: ReaderChoice = "auto"
    """What reads the pixels: auto decodes tiles directly where they are openslide's pixels; openslide on all machines
    makes results alike where some lack a decoder."""
    region: Path | None = None
    """GeoJSON with polygons that limit the run, as QuPath exports them; what has a class "Ignore*" is cut out."""
    region_class: Annotated[tuple[str, ...], Parameter(negative="")] = ()
    """Only polygons of this class (classification) limit the run; may be repeated."""
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
    check_outputs(paths.values(), overwrite=batch.overwrite)
    if batch.region_class and batch.region is None:
        raise RegionError("--region-class chooses among the polygons of a file: give the file with --region.")
    options = _with_device(options, batch.device)
    done = each_slide(slides, lambda slide: _run_one(slide, paths[slide], checkpoint, batch, options))
    out.print(_table(done.good.values(), checkpoint))
    if len(done.good) == 1:
        _print_roles(*done.good.values())
    for note in dict.fromkeys(note for row in done.good.values() for note in row.notes):
        print_line(f"Note: {note}")
    return finish(done)


@dataclass(frozen=True, slots=True)
class _Row:
    """What the table shows of a run."""

    slide: str
    answer: str
    probabilities: tuple[float, ...]
    tiles: int
    coarse: str
    """Both pixel sizes of a slide that is coarser than the tiles; else empty."""
    notes: tuple[str, ...]
    roles: tuple[str, ...]
    """What each stage is for, in sentences."""


def _with_device(options: AnalysisOptions, device: str | None) -> AnalysisOptions:
    if device is None:
        return options
    return options.replace(encode=options.encode.replace(device=device))


def _run_one(path: Path, target: Path, checkpoint: Checkpoint, batch: RunOptions, options: AnalysisOptions) -> _Row:
    with open_slide(path, mpp=batch.mpp, reader=batch.reader) as slide:
        regions = read_regions(batch.region, slide.facts, classes=batch.region_class) if batch.region else None
        check_space(target.parent, _most_bytes(slide, checkpoint))
        cache = features_folder() if batch.keep_features else None
        result = drive(analyse(slide, checkpoint, options, regions=regions, cache=cache), slide.facts.name)
    save_result(result, target, overwrite=batch.overwrite)
    too_coarse = resolution_warning(result.slide.name, result.slide.mpp, result.tiles.mpp)
    remarks = (slide.remark, regions.remark if regions else "")
    return _Row(
        slide=path.name,
        answer=result.worth.short,
        probabilities=tuple(map(float, result.prediction.probabilities)),
        tiles=len(result.tiles),
        coarse=f"{result.slide.mpp:.3g} µm for {result.tiles.mpp:.3g} µm" if too_coarse else "",
        notes=tuple(filter(None, (result.worth.warning, *result.warnings, *remarks))),
        roles=() if result.worth.unlike else answer_roles(result).sentences,  # of an answer that means nothing
    )


def _print_roles(row: _Row) -> None:
    for sentence in row.roles:
        print_line(sentence)


def _most_bytes(slide: Slide, checkpoint: Checkpoint) -> int:
    """Return about how large a result can become: if the slide were all tissue, before compression."""
    side_px0 = checkpoint.side_px * checkpoint.mpp / (slide.facts.mpp or checkpoint.mpp)
    width, height = slide.facts.size_px0
    tiles = max(1.0, width / side_px0) * max(1.0, height / side_px0)
    per_stage = 3 + 2 * len(checkpoint.classes)
    return round(tiles * 4 * (checkpoint.options.stages * per_stage + len(checkpoint.classes) + 4))


def _table(rows: Collection[_Row], checkpoint: Checkpoint) -> Table:
    table = Table(title=f"{checkpoint.name} (research use, not for diagnosis)", title_justify="left")
    columns = ["slide", "prediction", *(f"P({name})" for name in checkpoint.classes), "tiles"]
    if any(row.coarse for row in rows):
        columns.append("too coarse")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        chances = (f"{chance:.3f}" for chance in row.probabilities)
        cells = [printable(row.slide), row.answer, *chances, str(row.tiles), row.coarse]
        table.add_row(*cells[: len(columns)])
    return table
