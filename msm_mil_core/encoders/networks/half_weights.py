"""Weights in half precision, cast once: what autocast would cast again for every batch."""

from collections.abc import Collection, Iterator

import torch
from torch import nn

from msm_mil_core.encoders.networks.encoder_network import Movable

PRODUCTS = frozenset({nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d})
"""Layers whose weights autocast casts. All others (norms, position and class tokens, layer scales) stay in float32:
autocast computes norms and sums of a residual stream in float32, and so the features are those of autocast."""


def cast_weights(module: Movable, dtype: torch.dtype, keep: Collection[nn.Module] = ()) -> None:
    """Cast the weights and biases of a network's products in place, but not those inside the layers `keep`.

    Subclasses that compute with their weights in a way of their own stay as they are, and autocast casts them.
    """
    kept = {part for layer in keep for part in layer.modules()}
    for part in _modules_of(module):
        if part not in kept and _is_product(part):
            part.to(dtype)


def _modules_of(module: Movable) -> Iterator[nn.Module]:
    """Give all layers of a network, or of the networks that a model of the zoo holds."""
    roots = (module,) if isinstance(module, nn.Module) else vars(module).values()
    for root in roots:
        if isinstance(root, nn.Module):
            yield from root.modules()


def _is_product(part: nn.Module) -> bool:
    return type(part) in PRODUCTS or bool(getattr(part, "only_pads", False))
