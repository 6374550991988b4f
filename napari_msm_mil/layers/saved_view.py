"""The view that is saved with a result, as a display and back."""

from msm_mil_core.display.stage_display import StageDisplay, StageSettings
from msm_mil_core.display.view_choice import with_all_stages
from msm_mil_core.results.annotations import StageView, View


def display_of(view: View | None, stages: int) -> StageDisplay:
    """Return the display that a view describes; without a view the top tiles of all stages, outlined."""
    if view is None:
        return with_all_stages(StageDisplay((StageSettings(),) * stages))
    saved = [*view.stages, *[StageView()] * stages][:stages]
    settings = (StageSettings(stage.visible, stage.contrast, stage.opacity) for stage in saved)
    return StageDisplay(
        tuple(settings), shared_scale=view.shared_scale, top_percent=view.top_percent, claimed=view.claimed
    )


def view_of(display: StageDisplay) -> View | None:
    """Return what the user requested, without what is shown for a while only; None while a stage has no layer."""
    if len(display.present) < len(display.stages):
        return None
    stages = (StageView(visible=each.visible, contrast=each.contrast, opacity=each.opacity) for each in display.stages)
    return View(
        stages=tuple(stages),
        shared_scale=display.shared_scale,
        top_percent=display.top_percent,
        claimed=bool(display.claimed_shown),
    )
