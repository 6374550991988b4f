"""How much the stages agree: a penalty with which training makes them attend to different tissue."""

from itertools import combinations

import torch
from torch import Tensor


def diversity_penalty(scores: Tensor, shown: Tensor) -> Tensor:
    """Return the mean over all pairs of stages of their scores' correlation over the tiles that both were shown.

    Pearson's correlation; a negative one counts as 0: stages that attend to different tissue need not be opposites.

    Parameters
    ----------
    scores
        (B, S, N), attention before its softmax.
    shown
        (B, S, N) bool.

    Returns
    -------
    Tensor
        A number from 0 to 1; 0 for a single stage.
    """
    pairs = list(combinations(range(scores.shape[1]), 2))
    if not pairs:
        return scores.new_zeros(())
    one, other = map(list, zip(*pairs, strict=True))
    both = shown[:, one] & shown[:, other]  # (B, pairs, N)
    some, others = _centred(scores[:, one], both), _centred(scores[:, other], both)
    return torch.cosine_similarity(some, others, dim=-1).clamp(min=0).mean()


def _centred(scores: Tensor, both: Tensor) -> Tensor:
    count = both.sum(-1, keepdim=True).clamp(min=1)
    mean = scores.masked_fill(~both, 0).sum(-1, keepdim=True) / count
    return (scores - mean).masked_fill(~both, 0)
