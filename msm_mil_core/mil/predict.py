"""From the features of a slide's tiles to what MSM-MIL predicts for the slide, and why."""

from dataclasses import dataclass

import numpy as np
import torch

from msm_mil_core.devices import choose_device
from msm_mil_core.errors import CheckpointError, DeviceError
from msm_mil_core.mil.aggregate import aggregate, probabilities_of
from msm_mil_core.mil.mask_choice import MaskChoice
from msm_mil_core.mil.model_file.checkpoint import Checkpoint
from msm_mil_core.mil.network import MsmMilOutput, network_with
from msm_mil_core.mil.prediction import Prediction, StageAttention
from msm_mil_core.mil.tile_outputs import Array, TileOutputs
from msm_mil_core.mil.tile_pass import Features, as_array, check_finite, compute_tile_outputs
from msm_mil_core.mil.trust.negative_class import negative_class


@dataclass(frozen=True, slots=True, eq=False)
class BagPrediction:
    """What a model predicts for a bag, and what it computed of each tile."""

    prediction: Prediction
    tile_outputs: TileOutputs | None
    """None for models with a refinement block: there tiles depend on each other."""


def predict(
    checkpoint: Checkpoint, features: Features, *, device: str = "auto", masks: MaskChoice = "checkpoint"
) -> Prediction:
    """Return what a model predicts for a bag of features: class probabilities, and all stages.

    Parameters
    ----------
    features
        (N, P), one row per tile, of the encoder that the model was trained with.
    device
        "auto" takes CUDA, then Apple's MPS, else the CPU; or "cpu", "cuda", "cuda:1", "mps".
    masks
        Whether a stage is hidden what earlier ones claimed: as the checkpoint says, always or never.

    Raises
    ------
    ValueError, CheckpointError, FeatureFileError, DeviceError
        As `predict_bag` raises them.
    """
    return predict_bag(checkpoint, features, device=device, masks=masks).prediction


def predict_bag(
    checkpoint: Checkpoint, features: Features, *, device: str = "auto", masks: MaskChoice = "checkpoint"
) -> BagPrediction:
    """Run a model on a bag of features, and return its prediction together with what it computed of each tile.

    Parameters
    ----------
    features, device, masks
        As `predict` takes them.

    Raises
    ------
    ValueError
        If there is no tile, or `features` is not a table.
    CheckpointError
        If the model expects features of another length.
    FeatureFileError
        If features are not finite.
    DeviceError
        If the device is missing, runs out of memory or fails.
    """
    _check(checkpoint, features)
    applied = _applied(checkpoint, masks)
    chosen = choose_device(device)
    try:
        return _run(checkpoint, features, chosen, masks_applied=applied)
    except RuntimeError as exc:  # what torch raises for a lack of memory, too
        raise DeviceError(
            f"The device {chosen} failed while {checkpoint.name} computed {len(features)} tiles: {exc}. "
            "Choose the device cpu, or close other programs that use its memory."
        ) from exc


def _check(checkpoint: Checkpoint, features: Features) -> None:
    if features.ndim != 2 or not len(features):
        raise ValueError(f"features must be (N, P) with at least one tile, not {features.shape}.")
    if features.shape[1] != checkpoint.options.features:
        raise CheckpointError(
            f"The model {checkpoint.name} expects {checkpoint.options.features} features per tile, those of "
            f"{checkpoint.encoder}, but there are {features.shape[1]}. Encode the slide with {checkpoint.encoder}."
        )


def _applied(checkpoint: Checkpoint, masks: MaskChoice) -> bool:
    applied = {"checkpoint": checkpoint.options.mask_mode == "always", "always": True, "never": False}
    if masks not in applied:
        raise ValueError(f"masks must be checkpoint, always or never, not {masks!r}.")
    return applied[masks]


def _run(checkpoint: Checkpoint, features: Features, device: torch.device, *, masks_applied: bool) -> BagPrediction:
    if checkpoint.options.refine != "none":
        return BagPrediction(_refined(checkpoint, features, device, masks_applied=masks_applied), None)
    tile_outputs = compute_tile_outputs(checkpoint, features, device, masks_applied=masks_applied)
    return BagPrediction(aggregate(tile_outputs), tile_outputs)


def _refined(checkpoint: Checkpoint, features: Features, device: torch.device, *, masks_applied: bool) -> Prediction:
    check_finite(features)
    network = network_with(checkpoint.options, checkpoint.state).to(device)
    bag = torch.from_numpy(np.require(features, np.float32, ["C", "W"])).to(device)  # (N, P)
    with torch.inference_mode():
        output = network(bag[None], masks=masks_applied)
    logits = as_array(output.logits[0])
    return Prediction(
        classes=checkpoint.classes,
        logits=logits,
        probabilities=probabilities_of(logits),
        stages=_stages(output),
        masks_applied=masks_applied,
        bias=None,
        negative=negative_class(checkpoint.record, checkpoint.classes),
    )


def _stages(output: MsmMilOutput) -> tuple[StageAttention, ...]:
    shown, claimed = output.shown[0].cpu().numpy(), output.claimed[0].cpu().numpy()
    attention = np.where(shown, _attention(output), np.float32(np.nan))
    logits = np.where(shown.any(1, keepdims=True), as_array(output.stage_logits[0]), np.float32(np.nan))
    return tuple(
        StageAttention(attention[stage], claimed[stage], float(output.beta[0, stage]), logits[stage], None)
        for stage in range(len(shown))
    )


def _attention(output: MsmMilOutput) -> Array:
    attention = as_array(output.attention[0]).astype(np.float64)
    total = attention.sum(1, keepdims=True)  # torch's softmax is 2e-5 off over 200,000 tiles
    exact: Array = (attention / np.where(total > 0, total, 1)).astype(np.float32)
    return exact
