"""Advanced options, made from the analysis's options model when they are first looked at."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_msm_mil.widgets.disclosure import Disclosure
from napari_msm_mil.widgets.options_form import OptionsForm

CHOSEN_ABOVE = frozenset({"encode.device"})


class AdvancedSection(QWidget):
    """Closed at first: a run with the defaults needs none of it, nor the seconds that importing the encoders takes."""

    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._form: OptionsForm | None = None
        self._body = QWidget()
        self._inside = QVBoxLayout(self._body)
        self._inside.setContentsMargins(12, 0, 0, 0)
        self.opener = Disclosure("Advanced", self._body)
        self.opener.setObjectName("advanced")
        self.opener.setAccessibleName("Advanced options")
        self.opener.toggled.connect(self._on_toggled)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.opener)
        layout.addWidget(self._body)
        self.setFocusProxy(self.opener)

    @property
    def form(self) -> OptionsForm | None:
        """The fields; None until the section was opened."""
        return self._form

    @property
    def choices(self) -> dict[str, object]:
        """What differs from the defaults or may do so, for `AnalysisOptions.model_validate`."""
        return self._form.choices if self._form is not None else {}

    def _on_toggled(self, on: bool) -> None:
        if on and self._form is None:
            from msm_mil_core.pipeline import AnalysisOptions  # brings torch along

            self._form = OptionsForm(AnalysisOptions(), hidden=CHOSEN_ABOVE)
            self._form.edited.connect(self.edited)
            self._inside.addWidget(self._form)
