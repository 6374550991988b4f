"""The linear layers in a file of weights, by name."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class LinearLayer:
    """A linear layer."""

    weight: Array
    """(into, of)."""
    bias: Array | None
    """(into,)."""

    @property
    def shift(self) -> Array:
        """The bias (into,); zeros if it has none."""
        return np.zeros(len(self.weight), np.float32) if self.bias is None else self.bias


@dataclass(frozen=True, slots=True, eq=False)
class NamedLayers:
    """All that is in a file: layers, and what is none."""

    layers: Mapping[str, LinearLayer]
    others: Mapping[str, tuple[int, ...]]
    """Shapes of what belongs to no linear layer, by name."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of everything, by name."""
        return {f"{name}.weight": layer.weight.shape for name, layer in self.layers.items()} | dict(self.others)


def named_layers(arrays: Mapping[str, Array]) -> NamedLayers:
    """Join weights and biases to layers."""
    weights = {name.removesuffix(".weight"): array for name, array in arrays.items() if _is_weight(name, array)}
    biases = {name: _bias(arrays, name, weight) for name, weight in weights.items()}
    layers = {name: LinearLayer(weight, biases[name]) for name, weight in weights.items()}
    joined = {f"{name}.weight" for name in layers} | {f"{name}.bias" for name in layers if biases[name] is not None}
    return NamedLayers(layers, {name: array.shape for name, array in arrays.items() if name not in joined})


def _is_weight(name: str, array: Array) -> bool:
    return name.endswith(".weight") and array.ndim == 2 and array.size > 0


def _bias(arrays: Mapping[str, Array], name: str, weight: Array) -> Array | None:
    bias = arrays.get(f"{name}.bias")
    return bias if bias is not None and bias.shape == (len(weight),) else None
