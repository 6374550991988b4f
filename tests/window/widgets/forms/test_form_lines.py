"""Lines of a form that come and go: in their place when they are there, and without a gap when they are not."""

import pytest
from qtpy.QtWidgets import QApplication, QLabel, QLineEdit, QWidget

from napari_msm_mil.widgets.forms.form_lines import FormLines

NAMES = ("one", "two", "three", "four")


@pytest.fixture
def form(qtbot):
    form, lines = QWidget(), FormLines()
    form.setLayout(lines)
    form.fields = {name: QLineEdit() for name in NAMES}
    for name, field in form.fields.items():
        lines.add_line(name, field)
    qtbot.addWidget(form)
    form.show()
    return form


def shown(form) -> list[str]:
    """The lines as they stand below each other."""
    labels = [label for label in form.findChildren(QLabel) if label.isVisible()]
    return [label.text() for label in sorted(labels, key=lambda label: label.y())]


def work():
    for _ in range(3):
        QApplication.processEvents()


@pytest.mark.parametrize("hidden", [("one",), ("two", "three"), ("four", "one"), NAMES])
def test_lines_return_to_their_places_in_whatever_order(form, hidden):
    for name in hidden:
        form.layout().show_line(form.fields[name], shown=False)
    work()
    without = shown(form)
    for name in reversed(hidden):
        form.layout().show_line(form.fields[name], shown=True)
    work()

    assert without == [name for name in NAMES if name not in hidden]
    assert shown(form) == list(NAMES)
    assert all(field.isVisible() for field in form.fields.values())


def test_a_hidden_line_leaves_no_gap(form):
    tall = form.sizeHint().height()
    step = form.fields["two"].y() - form.fields["one"].y()

    form.layout().show_line(form.fields["two"], shown=False)
    form.layout().show_line(form.fields["two"], shown=False)  # asked for twice, it is gone once
    work()

    assert form.sizeHint().height() == tall - step
