"""Train a model on your own slides: python examples/train_on_your_slides.py FEATURES LABELS.csv OUT.safetensors.

FEATURES is a folder of feature files, as `msm-mil encode *.svs --out FEATURES` or TRIDENT, CLAM or STAMP write them;
LABELS.csv has the columns slide and label, and, if you have them, patient and split.
"""

import sys
from pathlib import Path

import msm_mil_core as mm

features, labels, target = map(Path, sys.argv[1:])
bags = mm.read_bag_dataset(features, labels)
work = mm.train(bags, mm.TrainOptions(name=target.stem), target.with_suffix(".standing"))  # interrupted? run it again
model = mm.save_checkpoint(mm.finish(work), target)
print(model.record["figures"])
print("Research use, not for diagnosis.")
