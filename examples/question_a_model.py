"""Question the model about a slide, as a script: python examples/question_a_model.py RESULT.msm.h5.

A result comes from `msm-mil run slide.svs`; neither the slide nor the model is needed any more.
"""

import sys
from pathlib import Path

import msm_mil_core as mm
from msm_mil_core.explain.counterfactual import find_flip
from msm_mil_core.explain.evidence import evidence_sum
from msm_mil_core.explain.examination_options import SearchOptions
from msm_mil_core.results.annotations import question_of, save_annotations

path = Path(sys.argv[1])
result = mm.load_result(path)
tile_outputs = result.require_tile_outputs()

print("How the stages differ (top 5 % of each)")
comparison = mm.finish(mm.compare_stages(result.prediction, result.tiles, result.slide.mpp, mm.CompareOptions()))
for pair in comparison.pairs:
    stages = f"stages {pair.one + 1} and {pair.other + 1}"
    print(f"  {stages}: overlap {pair.overlap:.2f} (by chance {pair.overlap_by_chance:.2f}), ", end="")
    print(f"{pair.distance_um:.0f} µm apart (by chance {pair.distance_um_by_chance:.0f})")

winner = result.prediction.classes.index(result.prediction.winner)
total = evidence_sum(result.prediction, winner)
print(f"Logit of {result.prediction.winner}: bias {total.bias:+.3f}", end="")
print("".join(f", stage {number} {part:+.3f}" for number, part in enumerate(total.stages, start=1)))

print("And without…?")
for number in range(1, len(result.prediction.stages) + 1):
    claimed = mm.Step(verb="remove", selection=mm.parse_selection(f"stage{number}"))
    answer = mm.what_if(tile_outputs, result.tiles, result.prediction, mm.Question(steps=(claimed,)))
    print(f"  {answer}")
print(f"  {mm.finish(find_flip(tile_outputs, SearchOptions()))}")

save_annotations(mm.load_annotations(path).with_question(question_of(answer, "Without the last stage?")), path)
