"""How quickly the window follows a slider: python -m examples.benchmarks.window [--tiles 100000].

Prints JSON. All times are of one run on one machine, so the ratios compare between machines, the seconds do not.
"""

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from msm_mil_core.display.contrast_setting import ContrastSetting
from msm_mil_core.display.stage_images import StageImages
from msm_mil_core.mil.prediction import Prediction, StageAttention
from msm_mil_core.slides.tiles import TileGrid

STAGES, SIDE_PX0 = 3, 224
PERCENT = (50, 40, 30, 20, 10, 5)


def main() -> None:
    """Draw the maps of a large slide for the first time, then at every step of the slider of the top."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiles", type=int, default=100_000)
    count = parser.parse_args().tiles
    opened_s, images = timed(lambda: opened(count))
    steps_s = [timed(lambda percent=percent: draw(images, percent))[0] for percent in PERCENT]
    first_s, later_s = steps_s[0], float(np.median(steps_s[1:]))
    measured = {"open_s": opened_s, "first_step_s": first_s, "later_step_s": later_s}
    ratios = {"first_step_per_open": first_s / opened_s, "later_step_per_open": later_s / opened_s}
    print(json.dumps({"tiles": count, "stages": STAGES, **measured, **ratios}, indent=2))


def opened(count: int) -> StageImages:
    images = StageImages(grid(count), prediction(count))
    draw(images, 100)
    return images


def draw(images: StageImages, percent: float) -> None:
    for stage in range(STAGES):
        images.pixels(stage, ContrastSetting("rank", top_percent=percent))
        images.limits(stage, ContrastSetting("rank", top_percent=percent))


def grid(count: int) -> TileGrid:
    row, col = np.divmod(np.arange(count), max(1, int(count**0.5)))
    return TileGrid(np.stack([col, row], 1) * SIDE_PX0, side_px0=SIDE_PX0, side_px=SIDE_PX0, mpp=0.5)


def prediction(count: int) -> Prediction:
    rng, nothing = np.random.default_rng(0), np.zeros(2, np.float32)
    stages = tuple(
        StageAttention(
            rng.dirichlet(np.ones(count)).astype(np.float32), np.zeros(count, bool), 1 / STAGES, nothing, None
        )
        for _ in range(STAGES)
    )
    return Prediction(("one", "other"), nothing, nothing + 0.5, stages, masks_applied=False, bias=None)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    done = work()
    return time.perf_counter() - began, done


if __name__ == "__main__":
    main()
