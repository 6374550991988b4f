"""A result whose attention maps are the classes' own, as CLAM's multi-branch model gives them."""

import re
from dataclasses import replace

from msm_mil_core.mil.predict import predict_bag
from msm_mil_core.pipeline import model_facts
from msm_mil_core.results.slide_result import SlideResult
from tests.models import a_bag, a_checkpoint
from tests.results import a_result, block_of_tiles

CLASSES = ("normal", "LUAD", "LUSC")
STAGES = re.compile(r"\bstages? \d", re.IGNORECASE)
"""What no text on such a result says."""


def a_class_map_result(*, seed=0, **changes) -> SlideResult:
    """A result of 30 tiles."""
    made = a_checkpoint("abmil", maps="classes", classes=3, standardise=False, mask_mode="never", seed=seed)
    made = replace(made, classes=CLASSES)
    predicted = predict_bag(made, a_bag(30), device="cpu")
    result = a_result(block_of_tiles(6, 5), prediction=predicted.prediction, preset="abmil")
    return replace(result, tile_outputs=predicted.tile_outputs, model=model_facts(made), **changes)
