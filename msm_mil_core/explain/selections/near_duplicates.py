"""Pictures of tiles that look alike."""

import numpy as np
from numpy.typing import NDArray

BLOCKS = 8
"""Pictures are compared by the mean colours of this number of blocks a side."""
ALIKE = 5.0
"""CIELAB: blocks that differ less than this on average are hard to distinguish."""


def alike(pictures: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return for each picture (M, side, side, 3) the index (M,) of the first one that it looks like, or its own.

    Two pictures look alike if the mean colours of 8 x 8 blocks differ by less than 5 in CIELAB on average; one that
    looks like an earlier one does not represent others itself.
    """
    colours = [_block_colours(picture) for picture in pictures]
    first = np.arange(len(colours))
    for at, own in enumerate(colours):
        heads = [head for head in range(at) if first[head] == head]
        near = (head for head in heads if np.linalg.norm(colours[head] - own, axis=-1).mean() < ALIKE)
        first[at] = next(near, at)
    return first


def _block_colours(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    from skimage.color import rgb2lab
    from skimage.transform import resize_local_mean

    means = resize_local_mean(picture, (BLOCKS, BLOCKS), channel_axis=-1)  # type: ignore[no-untyped-call]
    colours: NDArray[np.float64] = rgb2lab(means)
    return colours
