"""Train a model on your own slides: python examples/train_on_your_slides.py FEATURES LABELS.csv OUT.safetensors.

FEATURES is a folder of feature files, as `msm-mil encode *.svs --out FEATURES` or TRIDENT, CLAM or STAMP write them;
LABELS.csv has the columns slide and label, and, if you have them, patient and split.
"""

import sys
from pathlib import Path

from msm_mil_core.learning.dataset.bag_dataset import read_bag_dataset
from msm_mil_core.learning.dataset.splits import split_bags
from msm_mil_core.learning.evaluation.evaluate import with_figures
from msm_mil_core.learning.training.train import train
from msm_mil_core.learning.training.train_options import TrainOptions
from msm_mil_core.mil.checkpoint import save_checkpoint
from msm_mil_core.progress import finish

features, labels, target = map(Path, sys.argv[1:])
options = TrainOptions(name=target.stem)
bags = split_bags(read_bag_dataset(features, labels), options.split)
trained = finish(train(bags, options, keep=target.with_suffix(".standing")))  # killed? run it again
model = save_checkpoint(finish(with_figures(trained, bags)), target)
print(model.record["figures"])
print("Research use, not for diagnosis.")
