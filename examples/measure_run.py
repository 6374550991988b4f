"""How much of the encoder's own speed a whole run retains: python examples/measure_run.py SLIDE [--runs 5].

In one process, in turn: the encoder alone on tiles that are ready in memory, and a run from slide to result without
cached features. Prints tiles per second of both, the ratio pair by pair, and the peak memory of the process.
"""

import argparse
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from msm_mil_core.analysis_options import AnalysisOptions
from msm_mil_core.encoders.registry import load_encoder
from msm_mil_core.mil.model_file.checkpoint import default_checkpoint_path, load_checkpoint
from msm_mil_core.pipeline import analyse
from msm_mil_core.progress import finish
from msm_mil_core.slides.slide import open_slide
from msm_mil_core.slides.tiling.read_plan import plan_read
from msm_mil_core.slides.tiling.tile_reader import read_tile


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("slide", type=Path)
    parser.add_argument("--mpp", type=float)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures = measure(arguments.slide, arguments.mpp, arguments.runs)
    print(json.dumps(figures, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


def measure(path: Path, mpp: float | None, runs: int) -> dict[str, object]:
    checkpoint, options = load_checkpoint(default_checkpoint_path()), AnalysisOptions()
    with open_slide(path, mpp=mpp) as slide:
        tiles = finish(analyse(slide, checkpoint, options)).tiles  # also the warm-up
        plan = plan_read(tiles.side_px0, tiles.side_px, slide.facts.size_px0, slide.level_sizes_px)
        ready = np.stack([read_tile(slide, plan, (int(x), int(y))) for x, y in tiles.xy_px0])
        encoder = load_encoder(checkpoint.encoder)
        alone_s, whole_s = [], []
        for _ in range(runs):
            alone_s.append(seconds(lambda: [encoder.encode(batch) for batch in in_batches(ready)]))
            whole_s.append(seconds(lambda: finish(analyse(slide, checkpoint, options))))
    ratios = [alone / whole for alone, whole in zip(alone_s, whole_s, strict=True)]
    return {
        "slide": path.name,
        "tiles": len(tiles),
        "runs": runs,
        "encoder alone, tiles/s": round(len(tiles) / statistics.median(alone_s), 1),
        "whole run, tiles/s": round(len(tiles) / statistics.median(whole_s), 1),
        "whole run, seconds": round(statistics.median(whole_s), 2),
        "run over encoder alone": [round(ratio, 3) for ratio in (min(ratios), statistics.median(ratios), max(ratios))],
        "peak memory, MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3 / memory_unit()),
    }


def in_batches(ready: np.ndarray, size: int = 64) -> list[np.ndarray]:
    return [ready[start : start + size] for start in range(0, len(ready), size)]


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def memory_unit() -> float:
    """Return the kilobytes in the system's unit of peak memory."""
    return 1e3 if sys.platform == "darwin" else 1.0


if __name__ == "__main__":
    main()
