"""One slide through the bundled model, as a script: python examples/one_slide.py SLIDE."""

import sys
from pathlib import Path

import msm_mil_core as mm

model = mm.load_checkpoint(mm.default_checkpoint_path())
with mm.open_slide(Path(sys.argv[1])) as slide:
    result = mm.finish(mm.analyse(slide, model, mm.AnalysisOptions()))
for name, probability in zip(result.prediction.classes, result.prediction.probabilities, strict=True):
    print(f"P({name}) = {probability:.3f}")
for number, stage in enumerate(result.prediction.stages, start=1):
    x, y = result.tiles.xy_px0[stage.claimed][0]
    print(f"stage {number}: weight {stage.beta:.2f}, claims {stage.claimed.sum()} tiles, the first at ({x}, {y})")
mm.save_result(result, Path(f"{result.slide.name}.msm.h5"))
