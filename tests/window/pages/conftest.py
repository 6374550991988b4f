"""What the tests of the pages share: results that can be questioned."""

from dataclasses import replace

from msm_mil_core.mil.predict import predict_bag
from tests.models import a_bag, a_checkpoint
from tests.results import a_result, block_of_tiles


def a_questionable_result(N=30, *, seed=0, cols=10, checkpoint=None, bag=None):
    """Return a result that can be questioned, over a block of tiles."""
    checkpoint = a_checkpoint(seed=seed) if checkpoint is None else checkpoint
    bag = a_bag(N) if bag is None else bag
    reading = predict_bag(checkpoint, bag, device="cpu")
    tiles = block_of_tiles(cols, len(bag) // cols)
    return replace(a_result(tiles, prediction=reading.prediction), tile_outputs=reading.tile_outputs)
