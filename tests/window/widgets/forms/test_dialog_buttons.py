"""The buttons of dialogs: none has an icon, whatever the style, and Return presses what the dialog is for."""

from qtpy.QtWidgets import QStyleFactory

from napari_msm_mil.widgets.forms.dialog_buttons import DialogButtons, Standard


def test_no_button_has_an_icon_in_any_style(qtbot):
    buttons = DialogButtons(Standard.Ok, Standard.Cancel, Standard.Close)
    buttons.add_accepting("Export")
    qtbot.addWidget(buttons)

    icons = []
    for name in list(QStyleFactory.keys()):
        buttons.setStyle(QStyleFactory.create(name))
        buttons.setStyleSheet(f"QPushButton {{ padding: {len(icons)}px }}")  # as a change of napari's theme does
        icons += [button.text() for button in buttons.buttons() if not button.icon().isNull()]

    assert len(buttons.buttons()) == 4
    assert icons == []


def test_the_accepting_button_is_the_one_of_return(qtbot):
    buttons = DialogButtons(Standard.Cancel)
    qtbot.addWidget(buttons)

    export = buttons.add_accepting("Export")

    with qtbot.waitSignal(buttons.accepted):
        export.click()
    assert export.isDefault()
