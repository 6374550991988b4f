"""How to read what is shown: a few sentences, folded away until they are asked for."""

from napari_msm_mil.widgets.section import Section
from napari_msm_mil.widgets.wrapped_label import WrappedText

OF_STAGES = (
    "Begin with the evidence: orange tiles speak for the answer, blue ones against it, and their sum decides. "
    "Attention only says where a stage looks, not why: it may look at tissue that argues against the answer. "
    "Under All stages a colour is a stage, and a striped tile was found by several. "
    "Below its name stands what the tiles of a stage argue: for the answer, against it, or neither (context). "
    "The weight says how much a stage counts in the answer, not how important its tissue is."
)
OF_CLASSES = (
    "Begin with the evidence: orange tiles speak for the answer, blue ones against it, and their sum decides. "
    "Each class has an attention map of its own, and its logit comes from that map alone. "
    "Attention only says where the model looks for the class, not why, and not that it is there. "
    "Under All maps a colour is a class, and a striped tile is among the top tiles of several."
)
OF_ONE_STAGE = (
    "Begin with the evidence: orange tiles speak for the answer, blue ones against it, and their sum decides. "
    "Attention only says where the model looks, not why: it may look at tissue that argues against the answer. "
    "Below its name stands what these tiles argue: for the answer, against it, or neither (context)."
)


class HowToRead(Section):
    """Tells evidence from attention, and what colours, roles and weights mean."""

    def __init__(self) -> None:
        self._sentences = WrappedText("how_to_read_text")
        super().__init__("How to read this", "how_to_read", self._sentences)
        self.show_stages(0)

    def show_stages(self, stages: int, classes: tuple[str, ...] = ()) -> None:
        """Say it of a model with this many stages, or with a map for each of these classes."""
        several = OF_CLASSES if classes else OF_STAGES
        self._sentences.setText(OF_ONE_STAGE if stages == 1 else several)
