"""msm-mil demo: the sample slide through the bundled model, all outputs, and the window where there is a screen."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from msm_mil_core.cli.console import print_line
from msm_mil_core.cli.export import draw
from msm_mil_core.cli.report import report
from msm_mil_core.cli.run import SUFFIX, RunOptions, run
from msm_mil_core.cli.screen import has_screen
from msm_mil_core.cli.view import view
from msm_mil_core.export.qupath.export import write_geojson
from msm_mil_core.export.qupath.geojson_options import GeoJsonOptions
from msm_mil_core.results.result_file import load_result
from msm_mil_core.slides.sample import sample_slide
from msm_mil_core.user_folders import samples_folder


def demo(
    *,
    out_folder: Annotated[Path, Parameter(name="--out")] = Path("demo"),
    window: bool = True,
    device: str = "auto",
) -> int:
    """Run the bundled model on the sample slide; write the result, GeoJSON, a figure and a report; open napari.

    Parameters
    ----------
    out_folder
        Folder for what is written.
    window
        Open the napari window where there is a screen.
    device
        auto, cpu, cuda, cuda:1 or mps.
    """
    sample = sample_slide(samples_folder())
    print_line(sample.sentence)
    code = run([sample.path], batch=RunOptions(out=out_folder, device=device, overwrite=True))
    result_path = out_folder / f"{sample.path.stem}{SUFFIX}"
    result = load_result(result_path)
    figure = out_folder / f"{sample.path.stem}.png"
    draw(result, result_path, figure)
    for path in (
        result_path,
        write_geojson(result, out_folder / f"{sample.path.stem}.geojson", GeoJsonOptions()),
        figure,
    ):
        print_line(f"wrote {path}")
    report([result_path], out_folder=out_folder, overwrite=True)
    return code or _show(result_path, window=window)


def _show(result_path: Path, *, window: bool) -> int:
    how = f"msm-mil view {result_path}"
    if not window:
        return 0
    if not has_screen():
        print_line(f"There is no screen here. On a machine with one, open everything in napari with: {how}")
        return 0
    print_line(f"Opening napari (again later with: {how})")
    return view([result_path])
