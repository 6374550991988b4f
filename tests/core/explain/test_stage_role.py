"""What a stage is for: evidence of its tiles beside chance, what they are worth, and whom it repeats."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msm_mil_core.errors import QuestionError
from msm_mil_core.explain.selections.selection import SingleTiles
from msm_mil_core.explain.stage_role import RoleOptions, stage_roles
from msm_mil_core.explain.what_if import Question, Step, ask
from msm_mil_core.mil.aggregate import aggregate
from msm_mil_core.mil.predict import predict, predict_bag
from msm_mil_core.mil.tile_outputs import TileOutputs
from tests.models import a_bag, a_checkpoint, model_options
from tests.results import block_of_tiles


def outputs(scores, tile_logits, *, k=3, masked=True, min_keep=1):
    """Outputs of a model made by hand: the scores (S, N) of its stages, and what each tile says (N, C)."""
    scores, logits = np.asarray(scores, np.float32), np.asarray(tile_logits, np.float32)
    (S, N), C = scores.shape, logits.shape[1]
    mode = "always" if masked else "train"
    return TileOutputs(
        options=model_options(classes=C, masked_stages=S - 1, k=k, mask_mode=mode, min_keep=min_keep),
        classes=("normal", "tumour", "other")[:C],
        masks_applied=masked,
        scores=scores,
        tile_logits=logits,
        stage_tile_logits=np.zeros((S, N, C), np.float32),
        bias=np.zeros(C, np.float32),
        stage_bias=np.zeros((S, C), np.float32),
        fusion=None,
    )


def roles_of(tile_outputs, class_index=1, **options):
    return stage_roles(aggregate(tile_outputs), tile_outputs, class_index, RoleOptions(**options))


def wants(N, *tops):
    """Scores (S, N): each stage wants its tops, and all other tiles a little and unlike each other."""
    rest = np.linspace(0, 0.1, N)
    return np.stack([np.where(np.isin(np.arange(N), top), 5, rest) for top in tops])


def says(N, tumour=(), normal=()):
    """Logits (N, 2): some tiles say tumour, some say normal, the others little."""
    logits = np.zeros((N, 2))
    logits[:, 1] = np.linspace(-0.2, 0.2, N)
    logits[list(tumour), 1], logits[list(normal), 1] = 6, -6
    return logits


def a_few(N, tiles, much):
    """What to add to logits (N, 2) for some tiles to say tumour so much more."""
    return np.outer(np.isin(np.arange(N), tiles), [0, much])


def test_stages_argue_for_against_or_for_neither():
    tile_outputs = outputs(wants(60, [3, 4, 5], [20, 21, 22], [29, 30, 31]), says(60, [3, 4, 5], [20, 21, 22]))

    roles = roles_of(tile_outputs)

    assert [role.kind for role in roles] == ["for", "against", "context"]
    assert [role.tiles for role in roles] == [3, 3, 3]
    assert [role.evidence for role in roles] == pytest.approx([6, -6, 0], abs=0.01)
    assert [role.short("tumour") for role in roles] == ["for tumour", "against tumour", "context"]


def test_what_argues_for_one_of_two_classes_argues_against_the_other():
    tile_outputs = outputs(wants(60, [3, 4, 5], [20, 21, 22], [29, 30, 31]), says(60, [3, 4, 5], [20, 21, 22]))

    roles = roles_of(tile_outputs, 0)

    assert [role.kind for role in roles] == ["against", "for", "context"]


def test_tiles_that_argue_for_it_less_than_others_do_not_argue_against_it():
    tile_outputs = outputs(wants(40, [0, 1, 2], [10, 20, 30]), says(40) + np.array([0, 6]) - a_few(40, [0, 1, 2], 4))

    first = roles_of(tile_outputs)[0]

    assert 0 < first.evidence < first.low
    assert first.kind == "context"


def test_tiles_that_argue_against_it_less_than_others_argue_weakly_for_it():
    tile_outputs = outputs(wants(40, [0, 1, 2], [10, 20, 30]), says(40) - np.array([0, 6]) + a_few(40, [0, 1, 2], 4))

    first = roles_of(tile_outputs)[0]

    assert first.high < first.evidence < 0
    assert "3 tiles that argue weakly for tumour; " in first.sentence("tumour")


@settings(max_examples=25)
@given(st.integers(4, 60), st.integers(2, 4), st.integers(0, 100), st.booleans())
def test_evidence_is_the_mean_log_odds_of_its_tiles_alone(N, classes, seed, masked):
    mode = "always" if masked else "train"
    checkpoint = a_checkpoint(seed=seed, classes=classes, mask_mode=mode)
    tile_outputs = predict_bag(checkpoint, a_bag(N, seed=seed), device="cpu").tile_outputs
    prediction = aggregate(tile_outputs)

    for role, stage in zip(stage_roles(prediction, tile_outputs, 0), prediction.stages, strict=True):
        alone = [aggregate(tile_outputs, np.arange(N) == tile).logits for tile in np.flatnonzero(stage.claimed)]
        if alone:
            expected = np.mean([logits[0] - np.log(np.exp(logits[1:].astype(float)).sum()) for logits in alone])
            assert role.evidence == pytest.approx(expected, abs=1e-4)
            assert role.low <= role.high


def test_evidence_is_not_swayed_by_a_class_that_nobody_considers():
    logits = np.zeros((60, 3))
    logits[3:6, 1], logits[6:, 0] = 6, 6
    never = logits - [0, 0, 60]
    never[10:, 2] -= 60  # the mean of the other classes falls, and nothing else is said

    first, second = (roles_of(outputs(wants(60, [3, 4, 5]), each))[0] for each in (logits, never))

    assert first.kind == second.kind == "for"
    assert (second.evidence, second.low, second.high) == pytest.approx((6, -6, -3), abs=1.5)


@settings(max_examples=15)
@given(st.integers(8, 60), st.integers(0, 100), st.booleans())
def test_what_a_stages_tiles_are_worth_is_what_a_what_if_answers(N, seed, masked):
    checkpoint = a_checkpoint(seed=seed, mask_mode="always" if masked else "train")
    tile_outputs = predict_bag(checkpoint, a_bag(N, seed=seed), device="cpu").tile_outputs
    prediction = aggregate(tile_outputs)

    for role, stage in zip(stage_roles(prediction, tile_outputs, 0), prediction.stages, strict=True):
        claimed = tuple(np.flatnonzero(stage.claimed).tolist())
        if claimed:
            question = Question(steps=(Step(verb="remove", selection=SingleTiles(tiles=claimed)),))
            answer = ask(tile_outputs, block_of_tiles(N, 1), prediction, question)
            assert role.probability == prediction.probabilities[0]
            assert role.without == pytest.approx(answer.after.probabilities[0], abs=1e-5)


def test_roles_after_a_question_are_those_of_a_bag_of_the_remaining_tiles():
    bag, kept = a_bag(50), np.arange(50) % 3 > 0
    checkpoint = a_checkpoint()
    whole, part = (predict_bag(checkpoint, tiles, device="cpu").tile_outputs for tiles in (bag, bag[kept]))

    after, alone = stage_roles(aggregate(whole, kept), whole, 1), stage_roles(aggregate(part), part, 1)

    for one, other in zip(after, alone, strict=True):
        assert one.kind == other.kind
        assert (one.evidence, one.without) == pytest.approx((other.evidence, other.without), abs=1e-4)
        assert (one.only_leftovers, one.same_as) == (other.only_leftovers, other.same_as)


def test_the_order_of_the_tiles_does_not_matter():
    scores, logits = wants(60, [3, 4, 5], [20, 21, 22], [3, 4, 40]), says(60, [3, 4, 5], [20, 21, 22])
    order = np.random.default_rng(3).permutation(60)

    one, other = (roles_of(outputs(*each)) for each in ((scores, logits), (scores[:, order], logits[order])))

    assert [role.sentence("tumour") for role in one] == [role.sentence("tumour") for role in other]


def test_the_same_seed_draws_the_same_chance():
    tile_outputs = outputs(wants(60, [3, 4, 5]), says(60, [3, 4, 5]))

    assert roles_of(tile_outputs, seed=4) == roles_of(tile_outputs, seed=4)
    assert roles_of(tile_outputs, seed=4) != roles_of(tile_outputs, seed=5)


def test_chance_holds_what_random_sets_of_the_same_size_give():
    rng = np.random.default_rng(1)
    logits = np.stack([np.zeros(40), rng.normal(size=40)], axis=1)
    tile_outputs = outputs(rng.normal(size=(1, 40)), logits, k=7)

    (role,) = roles_of(tile_outputs, draws=20_000)

    drawn = [rng.choice(logits[:, 1], 7, replace=False).mean() for _ in range(20_000)]
    assert (role.low, role.high) == pytest.approx(np.percentile(drawn, [2.5, 97.5]), abs=0.05)


def test_a_stage_that_was_shown_only_leftovers_says_so():
    tops = [3, 4, 5]
    tile_outputs = outputs(wants(60, tops, tops, [20, 21, 22]), says(60, tops))

    leftovers = [role.only_leftovers for role in roles_of(tile_outputs)]
    unmasked = [role.only_leftovers for role in roles_of(outputs(wants(60, tops, tops), says(60, tops), masked=False))]

    assert leftovers == [False, True, False]
    assert unmasked == [False, False]


@pytest.mark.parametrize("masked", [True, False])
def test_a_stage_that_wants_the_tiles_of_an_earlier_one_adds_nothing(masked):
    tile_outputs = outputs(wants(60, [20, 21, 22], [3, 4, 5], [3, 4, 5]), says(60, [3, 4, 5]), masked=masked)

    roles = roles_of(tile_outputs)

    assert [role.adds_nothing for role in roles] == [False, False, True]
    assert [role.same_as for role in roles] == [None, None, 1]
    assert "It adds nothing here: it wants the same tiles as stage 2." in roles[2].sentence("tumour")


def test_tiles_in_common_that_chance_explains_are_no_repetition():
    tile_outputs = outputs(np.random.default_rng(0).normal(size=(2, 12)), says(12), k=10, masked=False)
    prediction = aggregate(tile_outputs)

    roles = stage_roles(prediction, tile_outputs, 1)

    assert [role.same_as for role in roles] == [None, None]


def test_a_stage_that_scores_all_tiles_alike_attends_to_all_and_has_no_role():
    (role,) = roles_of(outputs(np.zeros((1, 30)), says(30, range(10))))

    assert (role.kind, role.tiles) == (None, 30)
    assert role.short("tumour") == "no role"
    assert role.sentence("tumour") == "Stage 1 looks at all 30 tiles that it was shown, so its role cannot be told."


def test_a_stage_that_claims_all_that_was_left_for_it_says_what_they_are_worth():
    last = roles_of(outputs(wants(6, [0, 1], [2, 3], [4, 5]), says(6, [0, 1]), k=2))[2]

    assert (last.kind, last.tiles) == (None, 2)
    assert last.sentence("tumour").startswith(
        "Stage 3 looks at all 2 tiles that it was shown, so its role cannot be told; without them 0."
    )


def test_a_stage_without_tiles_has_no_role():
    shown_nothing = roles_of(outputs(wants(2, [0], [1], [1]), says(2, [0]), k=1, min_keep=0))[2]

    assert (shown_nothing.kind, shown_nothing.tiles) == (None, 0)
    assert not shown_nothing.only_leftovers
    assert np.isnan([shown_nothing.evidence, shown_nothing.low, shown_nothing.high]).all()
    assert shown_nothing.sentence("tumour") == "Stage 3 claims no tile of this slide: too few were left for it."


def test_a_sentence_says_what_the_tiles_argue_and_what_is_left_without_them():
    tile_outputs = outputs(wants(60, [3, 4, 5], [20, 21, 22]), says(60, [3, 4, 5], [20, 21, 22]))

    first, second = roles_of(tile_outputs)

    before, without = f"{first.probability:.2f}", f"{first.without:.2f}"
    assert without < before
    assert first.sentence("tumour") == (
        f"Stage 1 looks at 3 tiles that argue for tumour; without them {before} → {without}."
    )
    assert second.sentence("tumour").startswith("Stage 2 looks at 3 tiles that argue against tumour; without them")


@pytest.mark.parametrize(("shift", "way"), [(5, "for"), (-5, "against")])
def test_what_all_tiles_argue_is_context(shift, way):
    tile_outputs = outputs(wants(60, [29, 30, 31]), says(60) + np.array([0, shift]))

    (role,) = roles_of(tile_outputs)

    assert f"3 tiles that argue {way} tumour no more than others do (context); without them" in role.sentence("tumour")


def test_of_three_classes_the_one_that_its_tiles_say_instead_is_named():
    logits = np.pad(says(60, [3, 4, 5]), ((0, 0), (0, 1)))
    logits[[20, 21, 22], 2] = 9

    first, second = roles_of(outputs(wants(60, [3, 4, 5], [20, 21, 22]), logits))

    assert (first.instead, second.instead) == (None, "other")
    assert second.sentence("tumour").endswith(". Alone they say other.")


def test_of_two_classes_none_is_named_instead():
    tile_outputs = outputs(wants(60, [3, 4, 5]), says(60, normal=[3, 4, 5]))

    (role,) = roles_of(tile_outputs)

    assert (role.kind, role.instead) == ("against", None)


def test_one_tile_is_spoken_of_as_one():
    (role,) = roles_of(outputs(wants(60, [3]), says(60, [3]), k=1))

    assert role.sentence("tumour").startswith("Stage 1 looks at 1 tile that argues for tumour; without it ")


def test_marks_are_short():
    tops = [3, 4, 5]

    second = roles_of(outputs(wants(60, tops, tops), says(60, tops)))[1]

    assert second.marks == ("shown only leftovers", "adds nothing here")


def test_a_model_with_a_refinement_block_gives_no_role():
    prediction = predict(a_checkpoint("paper"), a_bag(12), device="cpu")

    with pytest.raises(QuestionError, match=r"preset paper.*no role can be given"):
        stage_roles(prediction, None, 0)


def test_an_old_result_gives_no_role_until_it_is_run_again():
    prediction = predict(a_checkpoint(), a_bag(12), device="cpu")

    with pytest.raises(QuestionError, match=r"older version.*no role can be given.*Run the slide again"):
        stage_roles(prediction, None, 0)


def test_a_class_that_does_not_exist_is_a_mistake():
    with pytest.raises(ValueError, match="class 2"):
        roles_of(outputs(wants(9, [3]), says(9)), 2)
