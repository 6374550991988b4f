"""What looking at a slide costs beside napari-wsi, with maps beside bare images, and what the dock adds."""

import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from examples.benchmarks.speed.comparison import PAIRS, Comparison, Spread, compare, compare_commands
from examples.benchmarks.speed.inputs.drawn_maps import draw_prediction, draw_result
from examples.benchmarks.speed.inputs.wide_slide import write_wide_slide
from examples.benchmarks.speed.napari_window import LayerData, ViewCosts, Window
from msm_mil_core.display.contrast_setting import ContrastSetting
from msm_mil_core.display.stage_images import StageImages
from msm_mil_core.slides.decoded_tiles import DecodedTiles
from msm_mil_core.slides.slide import DECODED_BYTES, open_slide
from msm_mil_core.slides.tiling.tiles import TileGrid
from napari_msm_mil.layers.layer_data import slide_layer, stage_layers

SIDE_PX0 = 40_000
STAGES, TILE_PX0 = 7, 448
MOVES, SHORT_MOVES = 64, 32
SLIDER_TILES = 100_000
PERCENT = (50, 40, 30, 20, 10)
PLACE = ("napari_msm_mil", "napari with seven bare Image layers")
TWICE = (
    "Little of it is reading: napari draws every view that needs new pixels twice, with the old ones and then with the "
    "new ones, and where there is no graphics card drawing is CPU time too. A zoom meets more levels than in "
    "napari-wsi, which has only those of the file: more of its views need new pixels, but none needs many. Drawing "
    "alone, twice, takes more than the bar of a pan, and once more than that of a zoom's median. Blocks of 1,024 px "
    "from the first coarser level on were tried: the median of a zoom falls to three quarters, its 95th percentile "
    "rises by a tenth, above its bar, and the mean stays."
)
FLOOR = "What napari spends on drawing a view for which nothing is read; no reader can be cheaper."
OPEN = "import napari; viewer = napari.Viewer(); "
DOCK = "viewer.window.add_plugin_dock_widget('napari-msm-mil'); "
DRAW = "from qtpy.QtWidgets import QApplication as A; [A.processEvents() for _ in range(3)]; import os; os._exit(0)"

Rounds = Sequence[tuple[ViewCosts, ViewCosts]]
Quantile = Callable[[Sequence[float]], float]


def measure(short: bool) -> Iterator[Comparison]:
    """Measure views, the first frame, maps, a slider and the dock."""
    with TemporaryDirectory() as folder:
        slide = write_wide_slide(Path(folder) / "wide.tif", SIDE_PX0)
        yield from _beside_napari_wsi(slide, SHORT_MOVES if short else MOVES)
        yield from _maps_beside_bare_images(slide, SHORT_MOVES if short else MOVES)
    yield _slider()
    yield compare_commands(
        "opening napari with the dock",
        ("napari and the dock", [sys.executable, "-c", OPEN + DRAW.replace("[A", f"{DOCK}[A", 1)]),
        ("a bare napari.Viewer", [sys.executable, "-c", OPEN + DRAW]),
        at_most=1.3,
    )


def _beside_napari_wsi(slide: Path, moves: int) -> Iterator[Comparison]:
    ours, theirs = Window(_our_layers(slide)), Window(_their_layers(slide))
    names = "napari_msm_mil", "napari-wsi"
    panned = _rounds(lambda at: ours.pan(at, moves), lambda at: theirs.pan(at, moves))
    yield _row("pan, median view", names, panned, statistics.median, at_most=0.5)
    yield _row("pan, 95th percentile of views", names, panned, _p95, at_most=0.35, note=TWICE)
    zoomed = _rounds(lambda at: ours.zoom(at, moves), lambda at: theirs.zoom(at, moves))
    yield _row("zoom, median view", names, zoomed, statistics.median, at_most=0.5, note=TWICE)
    yield _row("zoom, 95th percentile of views", names, zoomed, _p95, at_most=0.35)
    floor = [(ours.redraw(len(theirs_.cpu_s)), theirs_) for _, theirs_ in panned]
    yield _row("redrawing alone beside a pan", ("napari", "napari-wsi's pan"), floor, statistics.median, note=FLOOR)
    floor = [(ours.rezoom(len(theirs_.cpu_s)), theirs_) for _, theirs_ in zoomed]
    yield _row("redrawing alone beside a zoom", ("napari", "napari-wsi's zoom"), floor, statistics.median, note=FLOOR)
    yield compare(
        "first frame",
        ("napari_msm_mil", lambda: ours.show(_our_layers(slide))),
        ("napari-wsi", lambda: theirs.show(_their_layers(slide))),
        at_most=0.7,
    )
    ours.close(), theirs.close()


def _maps_beside_bare_images(slide: Path, moves: int) -> Iterator[Comparison]:
    base = _our_layers(slide)
    maps = stage_layers(draw_result(base[0][1]["metadata"]["facts"], STAGES, TILE_PX0))
    bare = [_bare(layer) for layer in maps[:STAGES]]
    ours, theirs = Window([*base, *maps]), Window([*_our_layers(slide), *bare])
    for name, move in (("pan", Window.pan), ("zoom", Window.zoom)):
        rounds = _rounds(partial(_move, move, ours, moves), partial(_move, move, theirs, moves))
        yield _row(f"{name} with seven maps and outlines", PLACE, rounds, statistics.mean, at_most=1.2)
    ours.close(), theirs.close()


def _move(move: Callable[..., ViewCosts], window: Window, moves: int, at_px0: tuple[float, float]) -> ViewCosts:
    return move(window, at_px0, moves)


def _bare(layer: LayerData) -> LayerData:
    data, arguments, kind = layer
    return np.array(data), {key: arguments[key] for key in ("scale", "translate", "units")}, kind


def _slider() -> Comparison:
    images = _opened()
    return compare(
        f"one step of the slider of the top, 3 stages, {SLIDER_TILES:,} tiles",
        ("a step", lambda: [_draw(images, percent) for percent in PERCENT]),
        ("drawing the maps for the first time", lambda: [_draw(_opened(), 100) for _ in PERCENT]),
    )


def _opened() -> StageImages:
    row, column = np.divmod(np.arange(SLIDER_TILES), round(SLIDER_TILES**0.5))
    tiles = TileGrid(np.stack([column, row], 1) * TILE_PX0, side_px0=TILE_PX0, side_px=TILE_PX0, mpp=0.5)
    return StageImages(tiles, draw_prediction(SLIDER_TILES, 3))


def _draw(images: StageImages, percent: float) -> None:
    for stage in range(3):
        images.pixels(stage, ContrastSetting("rank", top_percent=percent))
        images.limits(stage, ContrastSetting("rank", top_percent=percent))


def _our_layers(slide: Path) -> list[LayerData]:
    """Open the slide with a store of its own: what was decoded for another window is to be decoded again."""
    return [slide_layer(open_slide(slide, tiles=DecodedTiles(DECODED_BYTES)))]


def _their_layers(slide: Path) -> list[LayerData]:
    from napari_wsi.reader import wsi_reader_openslide

    read = wsi_reader_openslide(str(slide))
    if read is None:
        raise RuntimeError(f"napari-wsi does not read {slide}")
    layers: list[LayerData] = read(str(slide))
    return layers


def _rounds(
    ours: Callable[[tuple[float, float]], ViewCosts], theirs: Callable[[tuple[float, float]], ViewCosts]
) -> Rounds:
    """Move both in turn, each round over a part of the slide that neither has shown; the first does not count."""
    starts = [(SIDE_PX0 * (0.1 + 0.8 * number / PAIRS), SIDE_PX0 * 0.2) for number in range(PAIRS + 1)]
    return [(ours(start), theirs(start)) for start in starts][1:]


def _row(name: str, names: tuple[str, str], rounds: Rounds, figure: Quantile, **more: object) -> Comparison:
    cpu = _spread([figure(mine.cpu_s) / figure(theirs.cpu_s) for mine, theirs in rounds])
    wall = _spread([figure(mine.wall_s) / figure(theirs.wall_s) for mine, theirs in rounds])
    return Comparison(name, *names, cpu, wall, **more)  # type: ignore[arg-type]


def _spread(ratios: Sequence[float]) -> Spread:
    return Spread(*(round(ratio, 3) for ratio in (statistics.median(ratios), min(ratios), max(ratios))))


def _p95(costs: Sequence[float]) -> float:
    return float(np.percentile(costs, 95))
