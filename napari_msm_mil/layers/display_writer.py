"""The one writer of how results are shown: it updates the layers of a result to match its display."""

from collections.abc import Iterable, Sequence

from napari.layers import Image, Layer

from msm_mil_core.display.stage_display import CLAIMED, SHARED, LayerKey, StageDisplay, named_stages, visible_layers
from napari_msm_mil.layers.layer_data import shared_drawing, shared_opacity, solo_colormap, stage_colormap, stage_title
from napari_msm_mil.layers.layer_names import retitle
from napari_msm_mil.settings import user_settings


def layer_key(layer: Layer) -> LayerKey | None:
    """Return under which key a display says whether a layer is visible; None for a layer that it says nothing of."""
    if "shown" not in layer.metadata:
        return None
    key: LayerKey | None = layer.metadata.get("stage", layer.metadata.get("key"))
    return key if isinstance(layer, Image) or key == CLAIMED else None


def existing_keys(layers: Iterable[Layer]) -> frozenset[LayerKey]:
    """Return the keys of those layers of a result whose visibility its display decides."""
    return frozenset(key for layer in layers if (key := layer_key(layer)) is not None)


def read_display(layers: Sequence[Layer]) -> StageDisplay | None:
    """Return how a result is shown, given its layers, with opacities and names as napari's own controls left them."""
    shown = next((layer.metadata["shown"] for layer in layers if "shown" in layer.metadata), None)
    if shown is None:
        return None
    display: StageDisplay = shown.display
    stages = [layer for layer in layers if isinstance(layer_key(layer), int)]
    for layer in stages:
        display = display.with_opacity(layer.opacity, layer.metadata["stage"])
    if display.alone is None and not display.side_by_side:
        display = display.with_named({layer.metadata["stage"] for layer in stages if layer.name_overlay.visible})
    return display


def write_display(layers: Iterable[Layer], display: StageDisplay) -> None:
    """Show a result in this way, given its layers; what is the same already is left alone.

    The display is stored first, so that a listener can distinguish a layer that was shown or hidden here, and agrees
    with the display, from one that the user has shown or hidden by hand.
    """
    ours = {layer: key for layer in layers if (key := layer_key(layer)) is not None}
    before = {layer: layer.metadata["shown"].display for layer in ours}
    for layer in ours:
        layer.metadata["shown"].display = display
    visible = visible_layers(display)
    for layer, was in before.items():
        if "stage" in layer.metadata:
            _write_stage(layer, was, display)
        if ours[layer] == SHARED:
            _write_shared(layer, display)
        if layer.visible != (ours[layer] in visible):
            layer.visible = ours[layer] in visible


def changed_by_hand(layer: Layer) -> bool:
    """Return whether a layer was shown or hidden otherwise than by its display."""
    key = layer_key(layer)
    return key is not None and layer.visible != (key in visible_layers(layer.metadata["shown"].display))


def show_colour_bar(layer: Image, *, visible: bool) -> None:
    """Let napari's colour bar stand beside a map that has the canvas to itself, unless the user wants none."""
    layer.colorbar.visible = visible and user_settings().colour_bar


def draw_stages(layers: Iterable[Layer]) -> None:
    """Draw the maps of stages that have waited, because they were hidden, while how they are drawn changed."""
    for layer in layers:
        if isinstance(layer_key(layer), int):
            _draw(layer)


def _write_stage(layer: Layer, before: StageDisplay, display: StageDisplay) -> None:
    stage = layer.metadata["stage"]
    if (before.alone == stage) != (display.alone == stage):
        classes = layer.metadata["result"].prediction.map_classes
        layer.colormap = (solo_colormap if display.alone == stage else stage_colormap)(stage, classes)
        show_colour_bar(layer, visible=display.alone == stage)
    if layer.name_overlay.visible != (stage in named_stages(display)):
        layer.name_overlay.visible = stage in named_stages(display)
    if layer.opacity != display.stages[stage].opacity:
        layer.opacity = display.stages[stage].opacity
    if stage in visible_layers(display):
        _draw(layer)


def _write_shared(layer: Layer, display: StageDisplay) -> None:
    if layer.opacity != shared_opacity(display):
        layer.opacity = shared_opacity(display)
    drawn = shared_drawing(layer.metadata["shown"])
    if SHARED in visible_layers(display) and layer.metadata["drawn"] != drawn:
        layer.metadata["drawn"] = drawn
        layer.data = layer.metadata["shown"].images.stripes(*drawn)


def _draw(layer: Layer) -> None:
    shown, stage = layer.metadata["shown"], layer.metadata["stage"]
    setting = shown.display.contrast_setting(stage)
    if layer.metadata["drawn"] == setting:
        return
    layer.metadata["drawn"] = setting
    layer.data = shown.images.pixels(stage, setting)
    limits = shown.images.limits(stage, setting)
    if tuple(layer.contrast_limits) != limits:
        layer.contrast_limits_range = limits
        layer.contrast_limits = limits
    retitle(layer, stage_title(stage, setting, shown.result.prediction.map_classes))
