"""One stage alone on the canvas, and what was seen before it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from napari.layers import Layer

from napari_msm_mil.layers.layer_data import solo_colormap, stage_colormap


@dataclass(frozen=True, slots=True)
class _Before:
    visible: bool
    named: bool


class Solo:
    """Shows one stage alone, with its name and in colours that tell more levels apart, until it is released."""

    def __init__(self) -> None:
        self._before: dict[Layer, _Before] = {}

    def holds(self, layer: Layer) -> bool:
        """Tell whether this stage, or another one instead of it, is shown alone."""
        return layer in self._before

    def seen_before(self, layer: Layer) -> bool:
        """Tell whether a stage is seen once nothing is shown alone any more."""
        return self._before[layer].visible if layer in self._before else layer.visible

    def show(self, stages: Sequence[Layer], index: int) -> None:
        """Show one of the stages of a result alone."""
        for layer in stages:
            self._before.setdefault(layer, _Before(layer.visible, layer.name_overlay.visible))
            alone = layer.metadata["stage"] == index
            layer.visible = alone
            layer.colormap = solo_colormap(index) if alone else stage_colormap(layer.metadata["stage"])
            layer.name_overlay.visible = alone

    def release(self, stages: Sequence[Layer]) -> None:
        """Bring back the stages of a result that were seen before."""
        for layer in stages:
            layer.visible = self.seen_before(layer)
        self.forget(stages)

    def forget(self, stages: Sequence[Layer]) -> None:
        """Let what is seen of a result stand; colours and names are as before."""
        for layer in stages:
            if layer in self._before:
                layer.colormap = stage_colormap(layer.metadata["stage"])
                layer.name_overlay.visible = self._before.pop(layer).named

    def forget_all_but(self, there: Collection[Layer]) -> None:
        """Forget layers that are gone."""
        self._before = {layer: before for layer, before in self._before.items() if layer in there}
