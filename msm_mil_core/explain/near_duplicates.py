"""Pictures of tiles that look alike."""

import numpy as np
from numpy.typing import NDArray
from skimage.color import rgb2lab
from skimage.transform import resize_local_mean

BLOCKS = 8
"""Each picture is compared by the mean colours of so many blocks a side."""
ALIKE = 5.0
"""CIELAB: on average nearer than this, blocks are told apart only with an effort."""


def alike(pictures: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return for each picture (M, side, side, 3) the index (M,) of the first one that it looks like, or its own.

    Two pictures look alike if the mean colours of 8 x 8 blocks differ by less than 5 in CIELAB on average; one that was
    found to look like an earlier one stands for nothing itself.
    """
    looks = [_look(picture) for picture in pictures]
    first = np.arange(len(looks))
    for at, look in enumerate(looks):
        heads = [head for head in range(at) if first[head] == head]
        near = (head for head in heads if np.linalg.norm(looks[head] - look, axis=-1).mean() < ALIKE)
        first[at] = next(near, at)
    return first


def _look(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    means = resize_local_mean(picture, (BLOCKS, BLOCKS), channel_axis=-1)  # type: ignore[no-untyped-call]
    look: NDArray[np.float64] = rgb2lab(means)
    return look
