"""The sample slides through the bundled model: what the command demo does."""

from collections.abc import Sequence
from pathlib import Path

from msm_mil_core.cli.asking.report import report
from msm_mil_core.cli.console import print_line
from msm_mil_core.cli.running.run import run
from msm_mil_core.cli.running.run_options import RunOptions
from msm_mil_core.cli.running.view import view
from msm_mil_core.cli.screen import has_screen
from msm_mil_core.cli.work.explain import print_localisation
from msm_mil_core.cli.work.export import draw
from msm_mil_core.explain.localisation import localise
from msm_mil_core.export.figures.localisation import write_localisation_figure
from msm_mil_core.export.qupath.companions import write_for_qupath
from msm_mil_core.export.qupath.import_truth import read_truth
from msm_mil_core.file_names import RESULT_SUFFIX
from msm_mil_core.results.result_file import load_result
from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.find_slide import require_slide
from msm_mil_core.slides.sample import SampleSlide
from msm_mil_core.slides.truth import truth_path


def show_samples(chosen: Sequence[SampleSlide], out_folder: Path, device: str, *, window: bool) -> int:
    """Run the bundled model on samples, write all outputs, and open napari where there is a screen."""
    codes = [_demonstrate(each, out_folder, device) for each in chosen]
    return max(codes) or _show(_result_path(chosen[0], out_folder), window=window)


def _demonstrate(sample: SampleSlide, out_folder: Path, device: str) -> int:
    print_line(sample.sentence)
    code = run((sample.path,), batch=RunOptions(out=out_folder, device=device, overwrite=True))
    result_path = _result_path(sample, out_folder)
    figure, result = out_folder / f"{sample.path.stem}.png", load_result(result_path)
    if truth_path(sample.path).exists():
        _compare_with_truth(result, sample, figure)
    else:
        draw(result, result_path, figure)
    geojson = write_for_qupath(result, out_folder / f"{sample.path.stem}.geojson").geojson
    for path in (result_path, figure, geojson):
        print_line(f"wrote {path}")
    return report([result_path], out_folder=out_folder, overwrite=True) or code


def _result_path(sample: SampleSlide, out_folder: Path) -> Path:
    return out_folder / f"{sample.path.stem}{RESULT_SUFFIX}"


def _compare_with_truth(result: SlideResult, sample: SampleSlide, figure: Path) -> None:
    areas = read_truth(truth_path(sample.path), result.slide)
    found = localise(result.prediction, result.tiles, areas)
    with require_slide(result.slide, sample.path) as slide:
        write_localisation_figure(result, slide, (found, areas), figure)
    print_localisation(found)


def _show(result_path: Path, *, window: bool) -> int:
    how = f"msm-mil view {result_path}"
    if not window:
        return 0
    if not has_screen():
        print_line(f"There is no screen here. On a machine with one, open everything in napari with: {how}")
        return 0
    print_line(f"Opening napari (again later with: {how})")
    return view([result_path])
