"""Other methods of attribution, as maps to compare attention and evidence with.

Integrated gradients: Sundararajan et al. 2017, arXiv 1703.01365; feature ablation: the change when a tile is replaced.
Both by captum, as functions of each tile's presence: at 1 it is itself, at 0 the mean tile of the bag, between them on
the straight line from one to the other. Masks stay as in the run: choices have no gradient.
"""

from collections.abc import Callable
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.explain.chance.ranks import rank_correlation
from msm_mil_core.mil.aggregate import aggregate
from msm_mil_core.mil.prediction import Prediction, check_index
from msm_mil_core.mil.tile_outputs import TileOutputs
from msm_mil_core.slides.tiling.tiles import TileGrid

Method: TypeAlias = Literal["integrated gradients", "feature ablation"]
METHODS: tuple[Method, ...] = get_args(Method)
STEPS = 128
"""Of the path from the bag of mean tiles to this one."""
AT_ONCE = 4
"""Bags in memory together."""
MOST_PIECES = 256
"""Above this number of tiles neighbours are replaced together: each piece costs a prediction."""

Logit: TypeAlias = Callable[..., Any]
"""From the presence of each tile, a tensor (B, N), to a logit (B,); torch is imported when it is made."""


def attribute(tile_outputs: TileOutputs, tiles: TileGrid, class_index: int, method: Method) -> NDArray[np.float32]:
    """Return what a method attributes to each tile (N,) for the logit of a class.

    Integrated gradients add up to the logit less that of the bag of mean tiles. Feature ablation is the fall of
    the logit when a tile is replaced by the mean tile; above 256 tiles, a block of neighbours, which share its fall.

    Raises
    ------
    ValueError
        If there is no such class.
    """
    check_index("class", class_index, len(tile_outputs.classes))
    logit = _logit_of(tile_outputs, class_index)
    if method == "integrated gradients":
        return _integrated_gradients(logit, len(tile_outputs))
    return _ablation(logit, _pieces(tiles))


def attention_against(attribution: NDArray[np.float32], prediction: Prediction) -> tuple[float, ...]:
    """Return for each stage Spearman's correlation of its attention with an attribution (N,)."""
    return tuple(rank_correlation(stage.attention, attribution) for stage in prediction.stages)


def _logit_of(tile_outputs: TileOutputs, class_index: int) -> Logit:
    """Return the model's logit of a class as a function of each tile's presence, masks fixed.

    A tile enters only through rows that are linear in it, so what is pooled needs no tensor (B, N, F).
    """
    import torch

    shown = np.isfinite([stage.attention for stage in aggregate(tile_outputs).stages])  # (S, N)
    active = shown.any(axis=1)
    hidden = torch.from_numpy(~shown[active])  # (T, N), of the T stages that were shown a tile
    mean_scores, scores = _about_mean(tile_outputs.scores[active], axis=1)
    fusion = tile_outputs.fusion
    added = tile_outputs.tile_logits[:, [class_index]]  # (N, 1)
    known = added if fusion is None else np.concatenate([added, fusion.inner], axis=1)
    mean_known, known = _about_mean(known, axis=0)  # (1, 1 + F), (N, 1 + F)
    bias = float(tile_outputs.bias[class_index])

    def logit(presence: torch.Tensor) -> torch.Tensor:
        part = presence[:, None]  # (B, 1, N)
        attention = (mean_scores + part * scores).masked_fill(hidden, -torch.inf).softmax(-1)  # (B, T, N)
        pooled: torch.Tensor = mean_known + (part * attention) @ known  # (B, T, 1 + F), for attention sums to 1
        return (weigh(pooled[..., 1:]) * pooled[..., 0]).sum(-1) + bias

    activate = torch.relu if tile_outputs.options.fusion_activation == "relu" else torch.tanh

    def weigh(inner: torch.Tensor) -> torch.Tensor:
        if fusion is None:
            return torch.full(inner.shape[:2], 1 / float(active.sum()))
        inner_bias, outer = torch.from_numpy(fusion.inner_bias), torch.from_numpy(fusion.outer)
        return (activate(inner + inner_bias) @ outer).softmax(-1)  # (B, T)

    return logit


def _about_mean(values: NDArray[np.float32], axis: int) -> tuple[Any, Any]:
    """Return the mean over the tiles, and how far each tile is from it, as tensors."""
    import torch

    mean = values.mean(axis=axis, keepdims=True, dtype=np.float64).astype(np.float32)
    return torch.from_numpy(mean), torch.from_numpy(values - mean)


def _integrated_gradients(logit: Logit, count: int) -> NDArray[np.float32]:
    import torch
    from captum.attr import IntegratedGradients

    parts = IntegratedGradients(logit).attribute(torch.ones(1, count), n_steps=STEPS, internal_batch_size=AT_ONCE)
    attributed: NDArray[np.float32] = parts[0].detach().float().numpy()
    return attributed


def _ablation(logit: Logit, pieces: NDArray[np.int64]) -> NDArray[np.float32]:
    import torch
    from captum.attr import FeatureAblation

    tiles = np.bincount(pieces)
    with torch.no_grad():
        presence = torch.ones(1, len(tiles))
        parts = FeatureAblation(lambda of: logit(of[:, pieces])).attribute(presence, perturbations_per_eval=AT_ONCE)
    falls: NDArray[np.float32] = parts[0].float().numpy()
    return (falls / tiles)[pieces].astype(np.float32)


def _pieces(tiles: TileGrid) -> NDArray[np.int64]:
    """Give each tile a number, or above 256 of them each square block of neighbours."""
    cells = tiles.xy_px0 // tiles.side_px0
    width = 1
    while True:
        blocks, piece = np.unique(cells // width, axis=0, return_inverse=True)
        if len(blocks) <= MOST_PIECES:
            return np.asarray(piece, np.int64).reshape(-1)
        width += 1
