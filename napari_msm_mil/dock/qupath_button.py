"""The button with all that is between this window and a running QuPath."""

from qtpy.QtCore import Signal
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QMenu, QPushButton

HELP = "Exchange results and regions with QuPath"
SEND = "Tiles, top tiles, colours and the first map, onto the slide that is open in QuPath"
FETCH = "Annotations of the slide that is open in QuPath become a layer of regions for a run or a question"
OPEN = "Annotations that were exported from QuPath become a layer of regions for a run or a question"
FOLLOW = "QuPath looks where you look here, and the other way round, until you switch it off"
GATEWAY = "The port and the token of QuPath's gateway"


class QuPathButton(QPushButton):
    """A menu; what needs a slide or a result can be chosen where there is one."""

    send_requested = Signal()
    fetch_requested = Signal()
    open_requested = Signal()
    follow_requested = Signal(bool)
    gateway_requested = Signal()
    about_to_show = Signal()
    """The menu opens: say what is there before."""

    def __init__(self) -> None:
        super().__init__("QuPath")
        self.setObjectName("qupath")
        self.setToolTip(HELP)
        self.setAccessibleDescription(HELP)
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        menu.aboutToShow.connect(self.about_to_show)
        self._send = self._add(menu, "Send to QuPath", SEND, self.send_requested)
        self._fetch = self._add(menu, "Fetch annotations as regions", FETCH, self.fetch_requested)
        self._open = self._add(menu, "Regions from a file…", OPEN, self.open_requested)
        self._follow = menu.addAction("Follow each other's view")
        self._follow.setToolTip(FOLLOW)
        self._follow.setCheckable(True)
        self._follow.triggered.connect(self.follow_requested)
        menu.addSeparator()
        self._add(menu, "QuPath's gateway…", GATEWAY, self.gateway_requested)
        self.setMenu(menu)

    def set_available(self, *, slide: bool, result: bool) -> None:
        """Allow what needs a slide or a result."""
        self._send.setEnabled(result)
        for action in (self._fetch, self._open, self._follow):
            action.setEnabled(slide)

    def set_following(self, following: bool) -> None:
        """Show whether the views follow each other."""
        self._follow.setChecked(following)

    @staticmethod
    def _add(menu: QMenu, text: str, help_text: str, signal: Signal) -> QAction:
        action = menu.addAction(text)
        action.setToolTip(help_text)
        action.triggered.connect(lambda _: signal.emit())
        return action
