"""Question the model about a slide, as a script: python examples/question_a_model.py RESULT.msm.h5.

A result comes from `msm-mil run slide.svs`; neither the slide nor the model is needed any more.
"""

import sys
from pathlib import Path

from msm_mil_core.explain.counterfactual import SearchOptions, find_flip
from msm_mil_core.explain.evidence import evidence_sum
from msm_mil_core.explain.selection import ClaimedTiles
from msm_mil_core.explain.stage_comparison import CompareOptions, compare_stages
from msm_mil_core.explain.what_if import Question, Step, ask
from msm_mil_core.progress import finish
from msm_mil_core.results.annotations import load_annotations, question_of, save_annotations
from msm_mil_core.results.result_file import load_result

path = Path(sys.argv[1])
result = load_result(path)
tile_outputs = result.require_tile_outputs()

print("How the stages differ (top 5 % of each)")
for pair in finish(compare_stages(result.prediction, result.tiles, result.slide.mpp, CompareOptions())).pairs:
    stages = f"stages {pair.one + 1} and {pair.other + 1}"
    print(f"  {stages}: overlap {pair.overlap:.2f} (by chance {pair.overlap_by_chance:.2f}), ", end="")
    print(f"{pair.distance_um:.0f} µm apart (by chance {pair.distance_um_by_chance:.0f})")

winner = result.prediction.classes.index(result.prediction.winner)
total = evidence_sum(result.prediction, winner)
print(f"Logit of {result.prediction.winner}: bias {total.bias:+.3f}", end="")
print("".join(f", stage {number} {part:+.3f}" for number, part in enumerate(total.stages, start=1)))

print("And without…?")
for stage in range(len(result.prediction.stages)):
    question = Question(steps=(Step(verb="remove", selection=ClaimedTiles(stage=stage)),))
    answer = ask(tile_outputs, result.tiles, result.prediction, question)
    print(f"  {answer}")
print(f"  {finish(find_flip(tile_outputs, SearchOptions()))}")

save_annotations(load_annotations(path).with_question(question_of(answer, "Without the last stage?")), path)
