"""Train a model on your own slides: python examples/train_on_your_slides.py FEATURES LABELS.csv OUT.safetensors.

FEATURES is a folder of feature files, as `msm-mil encode *.svs --out FEATURES` or TRIDENT, CLAM or STAMP write them;
LABELS.csv has the columns slide and label, and, if you have them, patient and split.
"""

import sys
from pathlib import Path

import msm_mil_core as mm
from msm_mil_core.learning.dataset.splits import split_bags
from msm_mil_core.learning.evaluation.evaluate import with_figures

features, labels, target = map(Path, sys.argv[1:])
options = mm.TrainOptions(name=target.stem)
bags = split_bags(mm.read_bag_dataset(features, labels), options.split)
trained = mm.finish(mm.train(bags, options, target.with_suffix(".standing")))  # interrupted? run it again
model = mm.save_checkpoint(mm.finish(with_figures(trained, bags)), target)
print(model.record["figures"])
print("Research use, not for diagnosis.")
