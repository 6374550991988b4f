"""One slide through the bundled model, as a script: python examples/one_slide.py SLIDE."""

import sys
from pathlib import Path

from msm_mil_core.mil.checkpoint import default_checkpoint_path, load_checkpoint
from msm_mil_core.pipeline import AnalysisOptions, analyse
from msm_mil_core.progress import finish
from msm_mil_core.results.result_file import save_result
from msm_mil_core.slides.slide import open_slide

with open_slide(Path(sys.argv[1])) as slide:
    result = finish(analyse(slide, load_checkpoint(default_checkpoint_path()), AnalysisOptions()))
for name, probability in zip(result.prediction.classes, result.prediction.probabilities, strict=True):
    print(f"P({name}) = {probability:.3f}")
for number, stage in enumerate(result.prediction.stages, start=1):
    x, y = result.tiles.xy_px0[stage.claimed][0]
    print(f"stage {number}: weight {stage.beta:.2f}, claims {stage.claimed.sum()} tiles, the first at ({x}, {y})")
save_result(result, Path(f"{result.slide.name}.msm.h5"))
