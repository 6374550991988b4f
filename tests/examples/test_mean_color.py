"""The baseline of mean colours learns what colour alone tells apart."""

import numpy as np

from examples.mean_color import colour_logits


def test_mean_colour_alone_tells_two_colours_apart():
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    colours = rng.normal([[200, 160, 190]], 5, (60, 3)) + 30 * labels[:, None]

    logits = colour_logits(colours[:40], labels[:40], colours[40:])

    assert logits.argmax(1).tolist() == labels[40:].tolist()
