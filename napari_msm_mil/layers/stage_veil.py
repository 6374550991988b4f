"""What hides the stages' maps as long as another map is shown: colours on colours cannot be read."""

from collections.abc import Iterable

from napari.layers import Layer


class Veil:
    """Remembers which stages were seen before another map came."""

    def __init__(self) -> None:
        self._hidden: set[Layer] = set()

    def covers(self, stage: Layer) -> bool:
        """Tell whether a stage is hidden until the other map goes."""
        return stage in self._hidden

    def lower(self, stages: Iterable[Layer]) -> None:
        """Hide the stages that are seen."""
        for stage in stages:
            if stage.visible:
                self._hidden.add(stage)
                stage.visible = False

    def lift(self, stages: Iterable[Layer]) -> None:
        """Show those stages again that were hidden for another map."""
        for stage in stages:
            if stage in self._hidden:
                self._hidden.discard(stage)
                stage.visible = True

    def forget(self, stages: Iterable[Layer]) -> None:
        """Bring these stages back no more."""
        self._hidden.difference_update(stages)
