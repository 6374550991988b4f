"""Train a model on your own slides: python examples/train_on_your_slides.py FEATURES LABELS.csv OUT.safetensors.

FEATURES is a folder of feature files, as `msm-mil encode *.svs --out FEATURES` or TRIDENT, CLAM or STAMP write them;
LABELS.csv has the columns slide and label, and, if you have them, patient and split. In the end the model is compared
with gated ABMIL, the mean of tiles and a ridge regression on mean features, as `msm-mil train` does.
"""

import sys
from pathlib import Path

import msm_mil_core as mm
from msm_mil_core.learning.dataset.splits import split_bags
from msm_mil_core.learning.dataset.training_data import read_training_data
from msm_mil_core.learning.evaluation.evaluate import with_figures
from msm_mil_core.learning.training.baselines import train_baselines
from msm_mil_core.learning.training.train import train_on

features, labels, target = map(Path, sys.argv[1:])
options = mm.TrainOptions(name=target.stem)
bags = split_bags(mm.read_bag_dataset(features, labels), options.split)
data = mm.finish(read_training_data(bags, options.keep_gib))  # bags that fit into memory are read once
trained = mm.finish(train_on(data, options, target.with_suffix(".standing")))  # interrupted? run it again
model = mm.save_checkpoint(mm.finish(with_figures(trained, data.bags)), target)
print(model.record["figures"])
comparison = mm.finish(train_baselines(data, model, options))
for one in (comparison.model, *comparison.baselines):
    print(f"{one.predictions.title}: AUC {one.metrics.auc.value:.3f}")
print(comparison.sentence)
print("Research use, not for diagnosis.")
