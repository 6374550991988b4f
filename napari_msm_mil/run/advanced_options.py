"""Advanced options, made from the analysis's options model when the section is first opened."""

from qtpy.QtCore import Signal

from napari_msm_mil.widgets.forms.options_form import OptionsForm
from napari_msm_mil.widgets.section import Section

CHOSEN_ABOVE = frozenset({"encode.device"})


class AdvancedSection(Section):
    """Collapsed at first: a run with the defaults needs none of it, nor the seconds that importing encoders takes."""

    edited = Signal()

    def __init__(self) -> None:
        super().__init__("Advanced", "advanced")
        self._form: OptionsForm | None = None
        self.toggleButton().setAccessibleName("Advanced options")
        self.toggled.connect(self._on_opened)

    @property
    def choices(self) -> dict[str, object]:
        """What differs from the defaults or may do so, for `AnalysisOptions.model_validate`."""
        return self._form.choices if self._form is not None else {}

    def _on_opened(self) -> None:
        if self._form is None:
            from msm_mil_core.analysis_options import AnalysisOptions  # imports torch

            self._form = OptionsForm(AnalysisOptions(), hidden=CHOSEN_ABOVE)
            self._form.edited.connect(self.edited)
            self.add(self._form)
