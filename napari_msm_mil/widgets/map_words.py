"""What pages always say of stages, said of maps where each class has a map of its own."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from qtpy.QtWidgets import QAbstractButton, QLabel, QWidget

from msm_mil_core.mil.map_names import said_of_maps

SOME_CLASS = ("",)
"""Stands for the classes of a model with a map for each."""


@dataclass(frozen=True, slots=True)
class _Words:
    read: Callable[[], str]
    write: Callable[[str], None]
    of_stages: str

    def say(self, classes: Sequence[str]) -> None:
        """Change the words unless the page has written others meanwhile, such as the name of a class."""
        if self.read() in (self.of_stages, said_of_maps(self.of_stages, SOME_CLASS)):
            self.write(said_of_maps(self.of_stages, classes))


class MapWords:
    """The texts, tooltips and accessible names of pages, as they are before any result is shown."""

    def __init__(self, *pages: QWidget) -> None:
        widgets = (widget for page in pages for widget in page.findChildren(QWidget))
        self._words = [words for widget in widgets for words in _words_of(widget)]

    def say(self, classes: Sequence[str]) -> None:
        """Speak of stages, or, given the classes whose own the maps are, of maps."""
        for words in self._words:
            words.say(classes)


def _words_of(widget: QWidget) -> Iterator[_Words]:
    found = [
        (widget.toolTip, widget.setToolTip),
        (widget.accessibleName, widget.setAccessibleName),
        (widget.accessibleDescription, widget.setAccessibleDescription),
    ]
    if isinstance(widget, QLabel | QAbstractButton):
        found.append((widget.text, widget.setText))
    for read, write in found:
        text = read()
        if said_of_maps(text, SOME_CLASS) != text:
            yield _Words(read, write, text)
