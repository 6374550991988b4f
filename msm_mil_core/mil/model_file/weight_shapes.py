"""The weights that a network of given options has: names and shapes, without torch."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.mil.model_options import NYSTROM_HEADS, NYSTROM_KERNEL, ModelOptions

Shapes = dict[str, tuple[int, ...]]


def weight_flaw(state: Mapping[str, NDArray[np.float32]], options: ModelOptions) -> str | None:
    """Return what is wrong with a network's weights (missing, unknown, of another shape, not finite), or None."""
    wanted = weight_shapes(options)
    if missing := sorted(wanted.keys() - state.keys()):
        return f"it lacks the float32 weights {', '.join(missing[:3])}"
    if unknown := sorted(state.keys() - wanted.keys()):
        return f"it has weights that its options do not know, {', '.join(unknown[:3])}"
    for name, shape in wanted.items():
        if state[name].shape != shape:
            return f"{name} has the shape {state[name].shape} instead of {shape}"
        if not np.isfinite(state[name]).all():
            return f"{name} holds numbers that are not finite"
    if options.standardise and not (state["feature_std"] > 0).all():
        return "feature_std holds numbers that are not positive"
    return None


def weight_shapes(options: ModelOptions) -> Shapes:
    """Return the names and shapes of all weights; see the letters in `network`."""
    P, L, D, S, C = options.features, options.hidden, options.attention, options.stages, options.classes
    heads = S if options.heads == "own" else 1
    shapes: Shapes = {
        "projection.weight": (L, P),
        **_linear("classifier", C, L),
    }
    if options.pooling == "attention":
        shapes |= {"score_weight": (heads, D), "score_bias": (heads,)} | _linear("gates", 2 * heads * D, L)
    if options.masked_stages:
        shapes |= {"stage_weight": (S, C, L), "stage_bias": (S, C)}
    if options.standardise:
        shapes |= {"feature_mean": (P,), "feature_std": (P,)}
    if options.fusion == "attention":
        shapes |= _linear("fusion.1", options.fusion_width, L) | _linear("fusion.3", 1, options.fusion_width)
    if options.refine == "paper":
        for stage in range(options.masked_stages):
            shapes |= _refinement(f"refinements.{stage}", L)
    return shapes


def _refinement(name: str, L: int) -> Shapes:
    inner = NYSTROM_HEADS * max(1, L // NYSTROM_HEADS)
    attention: Shapes = {
        f"{name}.attention.to_qkv.weight": (3 * inner, L),
        f"{name}.attention.res_conv.weight": (NYSTROM_HEADS, 1, NYSTROM_KERNEL, 1),
    }
    norms: Shapes = {f"{name}.{norm}.{part}": (L,) for norm in ("before", "after") for part in ("weight", "bias")}
    feed = _linear(f"{name}.feed.0", L, L) | _linear(f"{name}.feed.2", L, L)
    return feed | attention | _linear(f"{name}.attention.to_out.0", L, inner) | norms


def _linear(name: str, into: int, of: int) -> Shapes:
    return {f"{name}.weight": (into, of), f"{name}.bias": (into,)}
