"""Small real networks and checkpoints for tests, with weights drawn from a seed."""

import numpy as np
import torch

from msm_mil_core.mil.model_file.checkpoint import Checkpoint
from msm_mil_core.mil.model_file.weight_shapes import weight_shapes
from msm_mil_core.mil.model_options import ModelOptions, preset
from msm_mil_core.mil.network import MsmMil, weights_of
from msm_mil_core.mil.trust.training_tissue import TrainingTissue


def model_options(name="default", *, features=12, classes=2, **changes) -> ModelOptions:
    """Options of a preset, made small; `changes` are any of its fields."""
    small = {"hidden": 16, "attention": 8, "k": 3, "k_share": None} | changes
    return ModelOptions(**(preset(name, features, classes).model_dump() | small))


def a_network(name="default", *, seed=0, **changes) -> MsmMil:
    """A network, not training, whose weights are large enough for its attention to choose."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = MsmMil(model_options(name, **changes))
        if network.options.pooling == "attention":
            torch.nn.init.normal_(network.score_weight, std=3)
    return network.eval()


def a_checkpoint(name="default", *, seed=0, record=None, **changes) -> Checkpoint:
    """A checkpoint that was never trained; `changes` are any field of the model's options."""
    network = a_network(name, seed=seed, **changes)
    return Checkpoint(
        name="drawn model",
        options=network.options,
        classes=tuple(f"class {c}" for c in range(network.options.classes)),
        encoder="efficientnet-lite0",
        encoder_sha256="5f2a",
        side_px=96,
        mpp=0.52,
        record=record or {"data": "none", "licence": "CC0"},
        state=weights_of(network),
    )


def a_bag(N=30, *, P=12, seed=0) -> np.ndarray:
    """Features (N, P) of a drawn bag."""
    return np.random.default_rng(seed).normal(size=(N, P)).astype(np.float32)


def a_seeker(wanted: np.ndarray, other: np.ndarray, **changes) -> Checkpoint:
    """A checkpoint made by hand: every stage attends to features like `wanted` (P,), and not to those like `other`.

    Its masks act in training only, so that every stage is shown every tile.
    """
    towards = (wanted - other) / np.linalg.norm(wanted - other) ** 2  # 1 apart, from `other` to `wanted`
    drawn = {"hidden": 2, "attention": 1, "k": 1, "standardise": True, "mask_mode": "train"} | changes
    options = model_options(features=len(wanted), **drawn)
    state = {name: np.zeros(shape, np.float32) for name, shape in weight_shapes(options).items()}
    state["projection.weight"][:] = np.stack([towards, -towards])
    state["feature_mean"][:], state["feature_std"][:] = (wanted + other) / 2, 1
    state["gates.weight"][:, 0] = 1
    state["score_weight"][:] = 50
    state["classifier.weight"][:] = [[-1, 1], [1, -1]]
    return Checkpoint(
        name="seeker",
        options=options,
        classes=("tissue", "hot"),
        encoder="efficientnet-lite0",
        encoder_sha256="",
        side_px=32,
        mpp=4.0,
        record={"data": "none: made by hand"},
        state=state,
    )


def a_training_tissue(P: int = 12, *, axes: int = 3, seed: int = 0) -> TrainingTissue:
    """What a model might have learnt from: features around 0, and five held-out bags."""
    rng = np.random.default_rng(seed)
    return TrainingTissue(
        mean=rng.normal(size=P).astype(np.float32) / 10,
        std=rng.uniform(0.5, 2, P).astype(np.float32),
        axes=np.linalg.qr(rng.normal(size=(P, axes)))[0].T.astype(np.float32),
        variances=np.array([*np.arange(axes, 0, -1) + 1.0, 0.5], np.float32),
        held_out=np.array([0.8, 0.9, 1.0, 1.1, 1.2], np.float32),
    )
