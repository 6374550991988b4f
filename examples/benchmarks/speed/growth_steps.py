"""The steps from a slide to its reports, each by itself on what the steps before it have left in a folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from examples.benchmarks.speed.inputs.drawn_result import draw_checkpoint, draw_features, draw_result
from examples.benchmarks.speed.inputs.wide_slide import MPP, write_wide_slide

Work = Callable[[], object]
QUESTIONS = 10
RESULT, SLIDE = "drawn.msm.h5", "drawn.tiff"
TILE_PX0 = 200
"""Side of a tile: a million of them are a slide of 200,000 pixels."""


def prepare(count: int, folder: Path) -> None:
    """Write the slide of so many tiles, and its result."""
    from msm_mil_core.results.result_file import save_result

    write_wide_slide(folder / SLIDE, round(count**0.5) * TILE_PX0)
    save_result(draw_result(count), folder / RESULT)


def run_step(step: str, count: int, folder: Path) -> Work:
    """Return the work of a step, with everything that is not part of it done."""
    return STEPS[step](count, folder)


def _tissue(_: int, folder: Path) -> Work:
    from msm_mil_core.slides.slide import open_slide
    from msm_mil_core.slides.tiling.tissue import find_tissue
    from msm_mil_core.slides.tiling.tissue_options import TissueOptions

    slide = open_slide(folder / SLIDE)
    return lambda: find_tissue(slide, TissueOptions())


def _tiles(_: int, folder: Path) -> Work:
    from msm_mil_core.slides.slide import open_slide
    from msm_mil_core.slides.tiling.tile_options import TileOptions
    from msm_mil_core.slides.tiling.tiles import lay_tiles
    from msm_mil_core.slides.tiling.tissue import find_tissue
    from msm_mil_core.slides.tiling.tissue_options import TissueOptions

    slide = open_slide(folder / SLIDE)
    tissue = find_tissue(slide, TissueOptions(whole_slide=True))
    options = TileOptions(side_px=TILE_PX0, mpp=MPP)
    return lambda: lay_tiles(slide.facts.size_px0, tissue, options, slide_mpp=MPP)


def _predict(count: int, _: Path) -> Work:
    from msm_mil_core.mil.predict import predict_bag

    checkpoint = draw_checkpoint()
    features = draw_features(count, checkpoint.options.features)
    return lambda: predict_bag(checkpoint, features, device="cpu")


def _of_result(work: Callable[[Any, Path], object]) -> Callable[[int, Path], Work]:
    """Return a step on the result that lies in the folder."""

    def step(_: int, folder: Path) -> Work:
        from msm_mil_core.results.result_file import load_result

        result = load_result(folder / RESULT)
        return lambda: work(result, folder)

    return step


def _load(_: int, folder: Path) -> Work:
    from msm_mil_core.results.result_file import load_result

    return lambda: load_result(folder / RESULT)


def _save(result: Any, folder: Path) -> object:
    from msm_mil_core.results.result_file import save_result

    return save_result(result, folder / "again.msm.h5")


def _roles(result: Any, _: Path) -> object:
    from msm_mil_core.export.tables.roles import answer_roles

    return answer_roles(result)


def _compare(result: Any, _: Path) -> object:
    from msm_mil_core.explain.comparison_options import CompareOptions
    from msm_mil_core.explain.stage_comparison import compare_stages
    from msm_mil_core.progress import finish

    return finish(compare_stages(result.prediction, result.tiles, result.slide.mpp, CompareOptions()))


def _figure(result: Any, folder: Path) -> object:
    from msm_mil_core.export.figures.result_figure import write_figure

    return write_figure(result, None, folder / "figure.png")


def _report(result: Any, folder: Path) -> object:
    from msm_mil_core.export.report.report import write_report
    from msm_mil_core.progress import finish
    from msm_mil_core.results.annotations import Annotations

    return finish(write_report(result, Annotations(), None, folder / "report.html"))


def _geojson(result: Any, folder: Path) -> object:
    from msm_mil_core.export.qupath.export import write_geojson

    return write_geojson(result, folder / "drawn.geojson.gz")  # files of many tiles are zipped: here all are


def _what_if(result: Any, _: Path) -> object:
    from msm_mil_core.explain.selections.selection_syntax import parse_selection
    from msm_mil_core.explain.what_if import Question, Step, ask

    question = Question(steps=(Step(verb="remove", selection=parse_selection("stage1:top5")),))
    return [ask(result.require_tile_outputs(), result.tiles, result.prediction, question) for _ in range(QUESTIONS)]


STEPS: dict[str, Callable[[int, Path], Work]] = {
    "tissue": _tissue,
    "tiles": _tiles,
    "predict": _predict,
    "roles": _of_result(_roles),
    "save": _of_result(_save),
    "load": _load,
    "compare": _of_result(_compare),
    "figure": _of_result(_figure),
    "report": _of_result(_report),
    "geojson": _of_result(_geojson),
    "what-if": _of_result(_what_if),
}
