"""What is on the canvas, in a sentence that stands below the table of stages."""

from msm_mil_core.display.role_words import RoleWords
from msm_mil_core.display.stage_display import StageDisplay, visible_layers
from msm_mil_core.display.view_choice import chosen_view

EVIDENCE = "Orange tiles speak for the class, blue ones against it; clear ones say nothing."


def what_is_shown(display: StageDisplay, words: RoleWords, *, of_classes: bool = False) -> str:
    """Say how to read what is shown, or what the one stage that is shown is for; empty for what passes."""
    match chosen_view(display):
        case "one stage":
            (stage,) = (key for key in visible_layers(display) if isinstance(key, int))
            return words.sentence(stage)
        case "all stages":
            return "\n".join(filter(None, (_all_stages(display, of_classes=of_classes), words.why_not)))
        case "evidence":
            return "\n".join(filter(None, (EVIDENCE, words.why_not)))
        case None:
            return words.why_not


def _all_stages(display: StageDisplay, *, of_classes: bool) -> str:
    top = f"The top {display.shown_percent:g} %" if display.shown_percent < 100 else "All tiles"
    return f"{top} of each {'map' if of_classes else 'stage'} by attention, in its own colour."
