"""Two stages that take turns."""

from collections.abc import Sequence
from typing import TypeAlias

from qtpy.QtCore import QObject, QTimer, Signal

from msm_mil_core.results.slide_result import SlideResult
from napari_msm_mil.layers.stage_layers import StageLayers, StageLook

TURN_MS = 700

Pair: TypeAlias = tuple[int, int]
"""Two stages, counted from 0."""


class Blink(QObject):
    """Swaps two stages until it is stopped, or until the user shows or hides one by hand."""

    blinking = Signal(bool)

    def __init__(self, stages: StageLayers) -> None:
        super().__init__(stages)
        self._stages = stages
        self._result: SlideResult | None = None
        self._pair: Pair = (0, 1)
        self._alone: int | None = None
        self._turn = QTimer(self)
        self._turn.setInterval(TURN_MS)
        self._turn.timeout.connect(self._swap)
        stages.chosen_by_hand.connect(self.stop)

    @property
    def on(self) -> bool:
        """Whether stages take turns."""
        return self._result is not None

    def start(self, result: SlideResult, pair: Pair | None = None) -> None:
        """Let two stages take turns: this pair, else the first two that are shown, else the first two of all."""
        self.stop()
        looks = self._stages.looks(result)
        there = [index for index in (pair or _shown_first(looks)) if looks[index] is not None]
        if len(there) < 2:
            return
        self._result, self._pair, self._alone = result, (there[0], there[1]), self._stages.alone(result)
        self._stages.set_alone(result, there[0])
        self._turn.start()
        self.blinking.emit(True)

    def stop(self) -> None:
        """Bring back what was shown before, unless the user has shown something else meanwhile."""
        self._turn.stop()
        result, self._result = self._result, None
        if result is None:
            return
        by_hand = self._stages.alone(result) is None
        self._stages.set_alone(result, None)
        if self._alone is not None and not by_hand:
            self._stages.set_alone(result, self._alone)
        self.blinking.emit(False)

    def _swap(self) -> None:
        if self._result is None or None in [self._stages.looks(self._result)[index] for index in self._pair]:
            self.stop()
            return
        self._pair = self._pair[::-1]
        self._stages.set_alone(self._result, self._pair[0])


def _shown_first(looks: Sequence[StageLook | None]) -> list[int]:
    return sorted(range(len(looks)), key=lambda index: (look := looks[index]) is None or not look.visible)
