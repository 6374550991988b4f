"""How to read what is shown: a few sentences, folded away until they are asked for."""

from napari_msm_mil.widgets.section import Section
from napari_msm_mil.widgets.wrapped_label import WrappedText

OF_STAGES = (
    "Begin with the evidence: orange tiles speak for the answer and blue ones against it, and together they are the "
    "answer. Attention only says where a stage looks, not why. "
    "A colour is a stage: it marks the tiles to which that stage attends most, and tiles with stripes are those of "
    "several stages. "
    "Beside its name stands what those tiles say: for the answer, against it, or context, which is neither. "
    "The weight says how much a stage counts in the answer, not how much its tissue matters."
)
OF_ONE_STAGE = (
    "Begin with the evidence: orange tiles speak for the answer and blue ones against it, and together they are the "
    "answer. Attention only says where the model looks, not why: tissue that it attends to may argue against the "
    "answer, or be context, which is neither."
)


class HowToRead(Section):
    """Tells evidence from attention, and what colours, roles and weights mean."""

    def __init__(self) -> None:
        self._sentences = WrappedText("how_to_read_text")
        super().__init__("How to read this", "how_to_read", self._sentences)
        self.show_stages(0)

    def show_stages(self, stages: int) -> None:
        """Say it of a model with this many stages."""
        self._sentences.setText(OF_ONE_STAGE if stages == 1 else OF_STAGES)
