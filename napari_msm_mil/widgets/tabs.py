"""Pages behind tabs, of which only the one in front takes up space."""

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QTabBar, QVBoxLayout, QWidget

STYLE = "QTabBar::tab { padding: 3px 2px }"
"""Narrow enough that no tab hides behind arrows, however narrow the dock."""


class Tabs(QWidget):
    """A bar of tabs and the page of the chosen one; the column is as long as that page, not as the longest."""

    page_changed = Signal(str)
    """The name of the page that came to the front."""
    asked = Signal()
    """The user asked for a page, be it the one in front: it should be seen."""

    def __init__(self) -> None:
        super().__init__()
        self._names: list[str] = []
        self._pages: list[QWidget] = []
        self._bar = QTabBar()
        self._bar.setObjectName("tabs")
        self._bar.setAccessibleName("Pages of the result")
        self._bar.setStyleSheet(STYLE)
        self._bar.setDrawBase(False)
        self._bar.setExpanding(True)
        self._bar.setUsesScrollButtons(True)
        self._bar.currentChanged.connect(self._on_tab_changed)
        self._bar.tabBarClicked.connect(lambda _: self.asked.emit())
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self._layout.addWidget(self._bar)

    @property
    def name(self) -> str:
        """The name of the page in front."""
        return self._names[self._bar.currentIndex()]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all pages, in their order."""
        return tuple(self._names)

    def add(self, name: str, page: QWidget, help_text: str) -> None:
        """Put a page behind a tab."""
        self._names.append(name)
        self._pages.append(page)
        self._layout.addWidget(page)
        page.setVisible(len(self._pages) == 1)
        self._bar.setTabToolTip(self._bar.addTab(name), help_text)

    def say(self, name: str, text: str, help_text: str) -> None:
        """Write something else on the tab of a page, whose name stays."""
        at = self._names.index(name)
        self._bar.setTabText(at, text)
        self._bar.setTabToolTip(at, help_text)

    def open_page(self, name: str) -> None:
        """Bring a page to the front."""
        self._bar.setCurrentIndex(self._names.index(name))
        self.asked.emit()

    def _on_tab_changed(self, index: int) -> None:
        for at, page in enumerate(self._pages):
            page.setVisible(at == index)
        if self._pages:
            self.page_changed.emit(self._names[index])
            self.asked.emit()
