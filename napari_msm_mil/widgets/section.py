"""A collapsible section: a heading that shows or hides what is below it."""

from qtpy.QtGui import QIcon
from qtpy.QtWidgets import QSizePolicy, QWidget
from superqt import QCollapsible

OPEN, CLOSED = "▾", "▸"
STYLE = (
    "QPushButton { text-align: left; border: none; background: transparent } "
    "QPushButton:focus { text-decoration: underline }"
)
"""A heading, not a pressed button; superqt's own style hides the focus."""
UNLIMITED_PX = 16_777_215
"""Qt's QWIDGETSIZE_MAX."""


class Section(QCollapsible):
    """Collapsed at first; the tab key skips what is hidden."""

    def __init__(self, title: str, object_name: str, *inside: QWidget) -> None:
        super().__init__(title, expandedIcon=QIcon(), collapsedIcon=QIcon())  # the arrow is text, in the theme's colour
        self._title = title
        self.setDuration(0)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        button = self.toggleButton()
        button.setObjectName(object_name)
        button.setAccessibleName(title)
        button.setStyleSheet(STYLE)
        self.setFocusProxy(button)
        self.layout().setContentsMargins(0, 0, 0, 0)
        self.layout().setSpacing(2)
        for widget in inside:
            self.add(widget)
        self.toggled.connect(self._on_toggled)
        self._on_toggled(False)

    def add(self, widget: QWidget) -> None:
        """Add a widget at the bottom of the section."""
        self.content().layout().addWidget(widget)

    def _on_toggled(self, expanded: bool) -> None:
        self.setText(f"{OPEN if expanded else CLOSED} {self._title}")
        self.content().setVisible(expanded)
        self.content().setMaximumHeight(UNLIMITED_PX)  # superqt's limit would cut off text that wraps
