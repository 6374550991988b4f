"""The dialog that asks where the gateway of a running QuPath is."""

from pydantic import ValidationError
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QDialog, QVBoxLayout, QWidget

from msm_mil_core.export.qupath.live.gateway_options import GatewayOptions
from napari_msm_mil.widgets.forms.dialog_buttons import DialogButtons, Standard
from napari_msm_mil.widgets.forms.options_form import OptionsForm, validation_message
from napari_msm_mil.widgets.wrapped_label import WrappedText

HOW = (
    "In QuPath choose Extensions > Py4J > Start Py4J Gateway, and enter here the port and the token of its dialog. "
    "The extension comes with QuPath 0.6 and later."
)


class GatewayDialog(QDialog):
    """Asks for the port and the token; reports them when they are valid."""

    chosen = Signal(object)
    """`GatewayOptions`."""

    def __init__(self, options: GatewayOptions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("QuPath's gateway")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._form = OptionsForm(options)
        how, self._problem = WrappedText("gateway_how"), WrappedText("gateway_problem")
        how.setText(HOW)
        how.setMinimumWidth(360)
        buttons = DialogButtons(Standard.Ok, Standard.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (how, self._form, self._problem, buttons):
            layout.addWidget(widget)

    def accept(self) -> None:
        """Report the options if they are valid."""
        try:
            options = GatewayOptions.model_validate(self._form.choices)
        except ValidationError as exc:
            self._problem.setText(validation_message(exc))
            return
        self.chosen.emit(options)
        super().accept()
