"""One pass over a bag, block by block, that computes what a model says of each tile; nothing else is stored of a tile.

Letters: N tiles, n tiles of a block, P features of a tile, L hidden width, S stages, C classes, F width of the fusion
net, K = C + S · C + F.
"""

from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from msm_mil_core.errors import FeatureFileError
from msm_mil_core.mil.model_file.checkpoint import Checkpoint
from msm_mil_core.mil.network import MsmMil, network_with
from msm_mil_core.mil.tile_outputs import Array, StageFusion, TileOutputs
from msm_mil_core.mil.tile_scorer import TileScorer, blocks, project
from msm_mil_core.mil.trust.negative_class import negative_class

Features = NDArray[np.float32] | NDArray[np.float16]
"""(N, P); half precision is computed with as it is read, without a copy of the bag."""


def compute_tile_outputs(
    checkpoint: Checkpoint, features: Features, device: torch.device, *, masks_applied: bool
) -> TileOutputs:
    """Compute what the model says of each tile (N, P) by itself.

    Raises
    ------
    ValueError
        If the model has a refinement block: then tiles depend on each other.
    FeatureFileError
        If features are not finite.
    """
    if checkpoint.options.refine != "none":
        raise ValueError("A model with a refinement block computes nothing of a single tile.")
    network = network_with(checkpoint.options, checkpoint.state).to(device)
    with torch.inference_mode():
        scores, said = _pass(network, features, device)
        stage_bias = network.stage_heads()[1]
    of_bag, of_stages, of_fusion = np.split(said, _ends(checkpoint), axis=1)
    S, C = checkpoint.options.stages, checkpoint.options.classes
    return TileOutputs(
        options=checkpoint.options,
        classes=checkpoint.classes,
        masks_applied=masks_applied,
        scores=scores,
        tile_logits=np.ascontiguousarray(of_bag),
        stage_tile_logits=np.ascontiguousarray(of_stages.reshape(-1, S, C).transpose(1, 0, 2)),
        bias=as_array(network.classifier.bias),
        stage_bias=as_array(stage_bias),
        fusion=_fusion(network, of_fusion),
        negative=negative_class(checkpoint.record, checkpoint.classes),
    )


def check_finite(features: Features) -> None:
    """Raise a FeatureFileError if any of the features (N, P) is not a finite number."""
    finite = np.concatenate(
        [np.isfinite(part).all(axis=1) for part in np.array_split(features, len(features) // 4096 + 1)]
    )
    if not finite.all():
        raise FeatureFileError(
            f"{int((~finite).sum())} of {len(features)} tiles have features that are not finite numbers. "
            "Encode the slide again, in float32."
        )


def as_array(tensor: Tensor) -> Array:
    """Return a tensor as float32 in numpy."""
    array: Array = tensor.detach().float().cpu().numpy()
    return array


def _pass(network: MsmMil, features: Features, device: torch.device) -> tuple[Array, Array]:
    """Return the scores (S, N), and what is linear in the hidden features (N, K)."""
    options, linear = network.options, _linear(network)
    scorer = TileScorer(network.tile_weights()) if options.pooling == "attention" else None
    weights = network.projection_weights()
    scores = np.zeros((options.stages, len(features)), np.float32)
    said = np.empty((len(features), len(linear)), np.float32)
    for block in blocks(len(features), device):
        tiles = _on_device(features[block], device)
        hidden = project(tiles, *weights)
        if not torch.isfinite(tiles.sum(1)).all():  # the sum of finite numbers may overflow
            check_finite(features)
        if scorer is not None:
            scores[:, block] = as_array(scorer.scores(hidden) + network.score_bias[:, None])  # (S or 1, n)
        said[block] = as_array((linear @ hidden.mT).mT)
    return scores, said


def _on_device(features: Features, device: torch.device) -> Tensor:
    """Return features as float32; they travel as they are stored."""
    kept = features if features.dtype == np.float16 else features.astype(np.float32, copy=False)
    return torch.from_numpy(np.require(kept, requirements=["C", "W"])).to(device).float()


def _linear(network: MsmMil) -> Tensor:
    """Return the weights (K, L) of all that is linear in a tile's hidden features: the heads, and the fusion net."""
    heads = [network.classifier.weight, network.stage_heads()[0].flatten(0, 1)]
    return torch.cat(heads if network.fusion is None else [*heads, _inner(network.fusion).weight])


def _ends(checkpoint: Checkpoint) -> tuple[int, int]:
    C = checkpoint.options.classes
    return C, C + checkpoint.options.stages * C


def _fusion(network: MsmMil, of_fusion: Array) -> StageFusion | None:
    if network.fusion is None:
        return None
    outer = cast("nn.Linear", network.fusion[3])
    # The outer bias is the same for all stages, so it does not change their softmax.
    return StageFusion(
        np.ascontiguousarray(of_fusion), as_array(_inner(network.fusion).bias), as_array(outer.weight[0])
    )


def _inner(fusion: nn.Sequential) -> nn.Linear:
    return cast("nn.Linear", fusion[1])
