"""How much later stages want what earlier ones have claimed: a loss with which training makes them look elsewhere."""

import torch
from torch import Tensor

LEAST_LEFT = 1e-4
"""Of a stage's attention: less that is left for other tiles counts as this."""


def away_loss(scores: Tensor, claimed: Tensor, valid: Tensor) -> Tensor:
    """Return the mean over stages, but the first, and bags of -log(1 - m).

    m is the share of a stage's attention that would go to tiles claimed by earlier stages, if none were hidden from it.
    Tiles that look like claimed ones lose attention with them, so stages turn to other tissue: through the masks alone,
    and not at all where masks mean nothing.

    Parameters
    ----------
    scores
        (B, S, N), attention before its softmax and before masking.
    claimed
        (B, S, N) bool, the tiles each stage claims.
    valid
        (B, N) bool, the bag's tiles.

    Returns
    -------
    Tensor
        A number from 0 to -log(1e-4); 0 for a single stage.
    """
    if scores.shape[1] == 1:
        return scores.new_zeros(())
    before = claimed.cumsum(1)[:, :-1] > 0  # (B, T, N), claimed before each masked stage
    attention = scores[:, 1:].masked_fill(~valid[:, None], -torch.inf).softmax(-1)
    wanted = attention.masked_fill(~before, 0).sum(-1)  # (B, T)
    return -(1 - wanted).clamp(min=LEAST_LEFT).log().mean()
