"""The line of one stage in the table: its numbers, what it is for, and how it is shown."""

from qtpy.QtWidgets import QCheckBox, QLabel, QPushButton, QWidget

from msm_mil_core.display.role_words import RoleWords
from msm_mil_core.display.stage_display import StageDisplay, visible_layers
from msm_mil_core.mil.map_names import map_label, map_name
from msm_mil_core.mil.prediction import StageAttention
from napari_msm_mil.widgets.controls import literal_tip, shortened
from napari_msm_mil.widgets.eliding_label import ElidingLabel
from napari_msm_mil.widgets.swatch import SWATCH_PX, swatch

ROLE_INDENT_PX = 24
"""The role stands below the stage's colours, not below its tick."""


class StageLine:
    """The widgets of one stage."""

    def __init__(self, index: int, stage: StageAttention, classes: tuple[str, ...] = ()) -> None:
        self._index, self._name = index, map_name(index, classes)
        name = self._name
        self.show = QCheckBox(shortened(map_label(index, classes)))
        self.show.setIcon(swatch(index))
        self.show.setIconSize(SWATCH_PX)
        self.show.setObjectName(f"show_{index}")
        self.show.setAccessibleName(f"Show {name}")
        self.alone = QPushButton("Alone")
        self.alone.setCheckable(True)
        self.alone.setObjectName(f"solo_{index}")
        self.alone.setAccessibleName(f"Show {name} alone")
        self.alone.setToolTip(f"Show {name} alone; press again to show the others again")
        self.role = ElidingLabel(f"role_{index}", ROLE_INDENT_PX)
        self._numbers = (
            _number("" if classes else f"{stage.beta:.3f}", f"{name}, weight beta {stage.beta:.3f}"),
            _number(f"{int(stage.claimed.sum()):,}", f"{name} claims {int(stage.claimed.sum())} tiles"),
            _number(
                f"{stage.effective_tiles:,.0f}", f"{name}, attention spread over {stage.effective_tiles:.1f} tiles"
            ),
        )
        self.show_roles(RoleWords())

    @property
    def widgets(self) -> tuple[QWidget, ...]:
        """What stands in the columns; the role is below them."""
        return (self.show, *self._numbers, self.alone)

    def show_display(self, display: StageDisplay) -> None:
        """Show how the stage is displayed."""
        for widget in (self.show, self.alone):
            widget.setEnabled(self._index in display.present)
        self.show.setChecked(self._index in visible_layers(display))
        self.alone.setChecked(display.alone == self._index)

    def show_roles(self, words: RoleWords) -> None:
        """Show what the stage is for."""
        label, sentence = words.label(self._index), words.sentence(self._index)
        self.role.setText(label)
        self.role.setVisible(bool(label))
        self.role.setAccessibleName(f"{self._name}: {label}")
        for widget in (self.role, self.show):
            widget.setToolTip(literal_tip(sentence))


def _number(text: str, spoken: str) -> QLabel:
    label = QLabel(text)
    label.setAccessibleName(spoken)
    return label
