"""What the stages claim: the highest scores that are left, each tile once, ties in the order of the tiles."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.mil.masking import claim
from tests.models import model_options

DRAWINGS = st.integers(1, 12).flatmap(
    lambda N: st.tuples(
        st.lists(st.lists(st.integers(-2, 2), min_size=N, max_size=N), min_size=3, max_size=3),
        st.lists(st.booleans(), min_size=N, max_size=N).filter(any),
    )
)
COUNTS = st.fixed_dictionaries({"k": st.integers(1, 5), "min_keep": st.integers(0, 3)})
SHARES = st.fixed_dictionaries({"k_share": st.floats(0.01, 1), "min_keep": st.integers(0, 3)})


@given(DRAWINGS, COUNTS | SHARES)
def test_each_stage_claims_the_best_tiles_left_and_the_first_of_equals(drawing, choice):
    scores, valid = drawing
    options = model_options(**choice)

    claimed = claim(torch.tensor([scores]).float(), torch.tensor([valid]), options)

    assert [row.nonzero().flatten().tolist() for row in claimed[0]] == claimed_one_by_one(scores, valid, options)


def claimed_one_by_one(scores, valid, options):
    left = [n for n, is_tile in enumerate(valid) if is_tile]
    wish = options.k if options.k_share is None else max(1, round(len(left) * options.k_share))
    claims = []
    for stage, row in enumerate(scores):
        reserve = options.min_keep if stage < options.masked_stages else 0
        count = max(0, min(wish, len(left) - reserve))
        claims.append(sorted(sorted(left, key=lambda n: (-row[n], n))[:count]))
        left = [n for n in left if n not in claims[-1]]
    return claims


@given(DRAWINGS, COUNTS | SHARES)
def test_no_tile_is_claimed_twice_and_no_padding_is_claimed(drawing, choice):
    scores, valid = drawing

    claimed = claim(torch.tensor([scores]).float(), torch.tensor([valid]), model_options(**choice))

    assert (claimed.sum(1) <= torch.tensor([valid])).all()


@pytest.mark.parametrize(
    ("tiles", "taken"),
    [(1, [0, 0, 1]), (2, [1, 0, 1]), (4, [3, 0, 1]), (5, [3, 1, 1]), (8, [3, 3, 2]), (9, [3, 3, 3]), (90, [3, 3, 3])],
)
def test_a_small_bag_leaves_min_keep_tiles_for_the_last_stage(tiles, taken):
    scores = torch.randn(1, 3, tiles)

    claimed = claim(scores, torch.ones(1, tiles, dtype=torch.bool), model_options(k=3, min_keep=1))

    assert claimed.sum(-1)[0].tolist() == taken


def test_a_share_is_counted_over_tiles_and_not_over_padding():
    valid = torch.arange(100)[None] < torch.tensor([[100], [40], [3]])

    claimed = claim(torch.randn(3, 3, 100), valid, model_options(k_share=0.05))

    assert claimed.sum(-1).tolist() == [[5, 5, 5], [2, 2, 2], [1, 1, 1]]


def test_equal_scores_are_claimed_in_the_order_of_the_tiles():
    claimed = claim(torch.zeros(1, 3, 1000), torch.ones(1, 1000, dtype=torch.bool), model_options(k=10))

    assert [row.nonzero().flatten().tolist() for row in claimed[0]] == [
        list(range(10)),
        list(range(10, 20)),
        list(range(20, 30)),
    ]


@given(st.integers(0, 1000), st.sampled_from([0.1, 0.5, 0.9]))
def test_a_stage_claims_the_fewest_tiles_that_hold_a_share_of_its_attention(seed, mass):
    scores = torch.randn(1, 3, 40, generator=torch.Generator().manual_seed(seed)) * 3
    valid = torch.arange(40)[None] < 35

    claimed = claim(scores, valid, model_options(claim_mass=mass, k_share=0.01))

    attention = scores[0, 0, :35].softmax(0)
    first = claimed[0, 0].nonzero().flatten()
    assert set(first.tolist()) == set(attention.argsort(descending=True)[: len(first)].tolist())
    assert attention[first].sum() >= mass - 1e-6
    assert attention[first].sum() - attention[first].min() < mass
    assert not claimed[0, :, 35:].any()
    assert (claimed.sum(1) <= 1).all()


def test_by_evidence_a_stage_claims_what_argues_for_its_own_answer():
    scores = torch.zeros(1, 1, 5)
    tile_logits = torch.tensor([[0.0, 0.0], [0.0, 9.0], [3.0, 0.0], [0.0, 2.0], [0.0, 1.0]])[None, None]

    by_score = claim(scores, torch.ones(1, 5, dtype=torch.bool), model_options(masked_stages=0, k=2))
    by_evidence = claim(scores, torch.ones(1, 5, dtype=torch.bool), model_options(masked_stages=0, k=2), tile_logits)

    assert by_score[0, 0].nonzero().flatten().tolist() == [0, 1]
    assert by_evidence[0, 0].nonzero().flatten().tolist() == [1, 3]


def test_a_share_of_attention_leaves_later_stages_a_tile():
    with pytest.raises(ValueError, match="min_keep"):
        model_options(claim_mass=0.5, min_keep=0)

    claimed = claim(
        torch.tensor([[[9.0, 0.0]] * 3]), torch.ones(1, 2, dtype=torch.bool), model_options(claim_mass=0.99)
    )
    assert claimed[0].any(-1).tolist() == [True, False, True]
