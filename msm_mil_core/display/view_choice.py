"""What the canvas shows of a result: the top tiles of all stages, one stage, or the evidence for an answer."""

from dataclasses import replace
from typing import Literal

import numpy as np

from msm_mil_core.display.stage_display import EVIDENCE, StageDisplay, visible_layers
from msm_mil_core.mil.prediction import Prediction

ViewChoice = Literal["all stages", "one stage", "evidence"]

TOP_PERCENT = 5.0
"""How much of each stage's map is shown with the others, unless the user wants more or less: as in a comparison."""


def chosen_view(display: StageDisplay) -> ViewChoice | None:
    """Return what is shown now; None for what passes, for some of the stages, and for another map."""
    visible = visible_layers(display)
    stages = {key for key in visible if isinstance(key, int)}
    if display.temporary is not None:
        return None
    if visible & display.maps:
        return "evidence" if EVIDENCE in visible else None
    if len(stages) == 1:
        return "one stage"
    return "all stages" if stages and stages == display.present else None


def with_all_stages(display: StageDisplay) -> StageDisplay:
    """Show the top tiles of all stages, and no other map; whole maps over each other cannot be read."""
    stages = tuple(replace(each, visible=True) for each in display.stages)
    whole = display.top_percent >= 100 and len(display.present) > 1
    percent = TOP_PERCENT if whole else display.top_percent
    return _uncovered(replace(display, stages=stages, top_percent=percent, striped=True, solo=None, temporary=None))


def with_one_stage(display: StageDisplay, stage: int) -> StageDisplay:
    """Show one stage alone, and no other map."""
    return display if stage in display.missing else _uncovered(display).with_solo(stage)


def attends_evenly(prediction: Prediction) -> bool:
    """Return whether a model with one stage attends to all tiles alike, as a mean of tiles does."""
    first, *others = prediction.stages
    shown = first.attention[np.isfinite(first.attention)]
    return not others and len(shown) > 1 and bool(shown.min() == shown.max())


def _uncovered(display: StageDisplay) -> StageDisplay:
    requested = frozenset(index for index, each in enumerate(display.stages) if each.visible)
    return replace(display, hidden_maps=display.maps, uncovered=requested if display.maps else frozenset())
