"""How many bags go through the network at once, where that is left to the program."""

from statistics import median

from msm_mil_core.learning.dataset.bag_dataset import BagDataset
from msm_mil_core.learning.training.train_options import TrainOptions

TILES = 2048
"""As many tiles keep a device busy; more bags than hold them save no time."""
MOST = 16
STEPS = 32
"""Steps that a pass over all bags has at least: fewer would learn too little in a pass."""


def bags_per_step(options: TrainOptions, bags: BagDataset) -> int:
    """Return the number that was chosen; for "auto" the power of two that the bags suggest.

    So many bags of median size as hold `TILES` tiles, at most `MOST`, and at most one in `STEPS` of all bags, at least
    one: 1 for whole slides, more for small bags. It depends on sizes and number alone, not on the split.
    """
    if options.bags_per_step != "auto":
        return options.bags_per_step
    if not len(bags):
        return 1
    tiles = median(min(table.tiles, options.tiles_per_bag or table.tiles) for table in bags.tables)
    most = min(MOST, int(TILES / max(1, tiles)), len(bags) // STEPS)
    return 1 << max(0, most.bit_length() - 1)


def resolved(options: TrainOptions, bags: BagDataset) -> TrainOptions:
    """Return the options with the number that "auto" stands for: what a training's identity and record hold."""
    return options.replace(bags_per_step=bags_per_step(options, bags))
