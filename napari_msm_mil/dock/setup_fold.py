"""What a run needs, folded into one line while a result is shown."""

from pathlib import PurePath

from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from msm_mil_core.results.slide_result import SlideResult
from msm_mil_core.slides.regions import RegionLabel
from napari_msm_mil.run.run_bar import RunBar

CHANGE, HIDE = "Change…", "▾ Hide the setup"
WHOLE = ", whole slide"
STYLE = (
    "QPushButton { text-align: left; border: none; background: transparent; padding: 2px 4px } "
    "QPushButton:focus, QPushButton:hover { text-decoration: underline }"
)
"""A line of text that can be clicked, not a button among buttons."""
PADDING_PX = 12


class SetupFold(QWidget):
    """The setup and the run bar; with a result, one line that says what was run and opens them again.

    Progress, Cancel and messages are never folded away.
    """

    def __init__(self, form: QWidget, bar: RunBar) -> None:
        super().__init__()
        self._form, self._bar = form, bar
        self._summary = ""
        self._folded = False
        self._line = QPushButton()
        self._line.setObjectName("change_setup")
        self._line.setStyleSheet(STYLE)
        self._line.setMinimumWidth(1)  # a long name is cut short, it does not widen the dock
        self._line.clicked.connect(lambda _: self._set_folded(not self._folded))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self._line, form, bar):
            layout.addWidget(widget)
        self.show_result(None)

    @property
    def folded(self) -> bool:
        """Whether the setup is folded away."""
        return self._folded

    def show_result(self, result: SlideResult | None) -> None:
        """Fold, and say what was run; without a result the setup is open and cannot be folded."""
        self._summary = "" if result is None else summary(result)
        self._line.setVisible(result is not None)
        self._set_folded(result is not None)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Cut the line to the width there is."""
        super().resizeEvent(event)
        self._write()

    def changeEvent(self, event: QEvent | None) -> None:
        """Cut the line again if the font changed."""
        super().changeEvent(event)
        if event is not None and event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._write()

    def _set_folded(self, folded: bool) -> None:
        self._folded = folded
        self._form.setVisible(not folded)
        self._bar.fold(folded)
        self._write()

    def _write(self) -> None:
        whole = f"{self._summary} · {CHANGE}"
        self._line.setAccessibleName(whole if self._folded else HIDE)
        self._line.setToolTip(f"{self._summary}: change what is run" if self._folded else "")
        self._line.setText(self._cut() if self._folded else HIDE)

    def _cut(self) -> str:
        """Cut what was run, never what a click does."""
        end, letters = f" · {CHANGE}", self._line.fontMetrics()
        room_px = self.width() - letters.horizontalAdvance(end) - PADDING_PX
        fits = letters.horizontalAdvance(self._summary) <= room_px
        said = self._summary if fits else self._summary.removesuffix(WHOLE)  # what goes without saying goes first
        cut = letters.elidedText(said, Qt.TextElideMode.ElideMiddle, max(0, room_px))
        return f"{cut}{end}".replace("&", "&&")  # in a button, & marks a key


def summary(result: SlideResult) -> str:
    """Say in one line which model ran on what."""
    where = WHOLE if result.options.get("regions_px0") is None else f", {_region(result)}"
    return f"{result.model.name} on {PurePath(result.slide.name).stem}{where}"


def _region(result: SlideResult) -> str:
    """Return what the region is called to which a run was limited, if it is one, and has a name or a class."""
    named = {str(RegionLabel(each["name"], each["class"])) for each in result.options.get("region_names", ())}
    return next(iter(named)) if len(named) == 1 and all(named) else "a region"
