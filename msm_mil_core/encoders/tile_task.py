"""What is to be encoded of a slide: its tiles, and where their features go."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.bags.bag import EncoderCard, FeatureBag
from msm_mil_core.slides.slide import Slide
from msm_mil_core.slides.tiling.tiles import TileGrid


@dataclass(slots=True, eq=False)
class TileTask:
    """The tiles of an open slide, of which the first `done` are encoded."""

    slide: Slide
    tiles: TileGrid
    features: NDArray[np.float32]
    """(N, P), filled from the first row on."""
    done: int = 0
    begun: int = field(init=False)
    """How many the cache holds, if there is one: those that were done at first, in the end perhaps all."""
    dropped: bool = field(default=False, init=False)
    """Whether it has failed: what is still read or computed for it is thrown away."""

    def __post_init__(self) -> None:
        self.begun = self.done

    def bag(self, card: EncoderCard) -> FeatureBag:
        """Return all features of the slide."""
        return FeatureBag(self.features, self.tiles, self.slide.facts, card)
