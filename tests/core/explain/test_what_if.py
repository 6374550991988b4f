"""What the model would say of a part of the slide."""

import numpy as np
import pytest
from shapely import box

from msm_mil_core.errors import QuestionError
from msm_mil_core.explain.selections.selection import ClaimedTiles, SingleTiles, TopTiles, drawn_region
from msm_mil_core.explain.what_if import Inquiry, Question, Step, ask, kept_tiles, require_tile_outputs
from msm_mil_core.mil.predict import predict, predict_bag
from tests.models import a_bag, a_checkpoint, a_seeker
from tests.results import a_prediction, block_of_tiles


def without(selection):
    return Step(verb="remove", selection=selection)


def only(selection):
    return Step(verb="keep", selection=selection)


FIRST_ROW = drawn_region((box(0, 0, 600, 100),))


def test_an_answer_equals_a_run_on_what_is_left():
    checkpoint, bag = a_checkpoint(), a_bag(30)
    predicted = predict_bag(checkpoint, bag, device="cpu")
    question = Question(steps=(without(ClaimedTiles(stage=0)), without(TopTiles(stage=2, percent=10))))

    answer = ask(predicted.tile_outputs, block_of_tiles(6, 5), predicted.prediction, question)

    alone = predict(checkpoint, bag[answer.kept], device="cpu")
    np.testing.assert_allclose(answer.after.logits, alone.logits, atol=1e-5)
    assert answer.before is predicted.prediction
    assert not answer.kept[predicted.prediction.stages[0].claimed].any()


def test_removing_the_one_hot_tile_flips_the_answer_and_says_so():
    hot, cold = np.ones(4, np.float32), -np.ones(4, np.float32)
    bag = np.stack([cold] * 5 + [hot] + [cold] * 6)
    predicted = predict_bag(a_seeker(hot, cold), bag, device="cpu")

    answer = ask(
        predicted.tile_outputs,
        block_of_tiles(4, 3),
        predicted.prediction,
        Question(steps=(without(SingleTiles(tiles=(5,))),)),
    )

    assert predicted.prediction.winner == "hot"
    assert answer.after.winner == "tissue"
    assert answer.flipped
    assert "Without tile 5 (11 of 12 tiles left): P(hot) from " in str(answer)
    assert str(answer).endswith("the model now says tissue.")


def test_steps_act_one_after_the_other():
    kept = kept_tiles(
        Question(steps=(only(FIRST_ROW), without(SingleTiles(tiles=(2, 9))))), block_of_tiles(6, 5), a_prediction(30)
    )

    assert np.flatnonzero(kept).tolist() == [0, 1, 3, 4, 5]


def test_no_steps_ask_of_the_whole_slide():
    predicted = predict_bag(a_checkpoint(), a_bag(30), device="cpu")

    answer = ask(predicted.tile_outputs, block_of_tiles(6, 5), predicted.prediction, Question())

    assert answer.kept.all()
    assert not answer.flipped
    np.testing.assert_array_equal(answer.after.probabilities, predicted.prediction.probabilities)
    assert str(answer).startswith("The whole slide (30 of 30 tiles left)")


def test_a_question_that_leaves_nothing_is_explained():
    question = Question(steps=(only(FIRST_ROW), without(FIRST_ROW)))

    with pytest.raises(QuestionError, match=r"Nothing is left.*without the drawn region"):
        kept_tiles(question, block_of_tiles(6, 5), a_prediction(30))


def test_a_result_without_tile_outputs_says_why():
    with pytest.raises(QuestionError, match="preset paper"):
        require_tile_outputs(None, refined=True)
    with pytest.raises(QuestionError, match="older version or another program"):
        require_tile_outputs(None, refined=False)


def test_steps_are_undone_and_redone():
    one, two = without(ClaimedTiles(stage=0)), only(FIRST_ROW)
    asked = Inquiry().then(one).then(two)

    back = asked.undo()

    assert back.question.steps == (one,)
    assert back.redo() == asked
    assert back.undo().undo() == Inquiry((), (one, two))
    assert asked.redo() == asked
    assert Inquiry().undo() == Inquiry()


def test_a_step_after_an_undo_forgets_what_was_undone():
    one, two = without(ClaimedTiles(stage=0)), only(FIRST_ROW)

    asked = Inquiry().then(one).undo().then(two)

    assert asked == Inquiry((two,))


def test_a_question_goes_through_json_unchanged():
    question = Question(
        name="Without the gland?",
        steps=(without(FIRST_ROW), only(TopTiles(stage=1, percent=7.5)), without(SingleTiles(tiles=(3, 4)))),
    )

    assert Question.model_validate_json(question.model_dump_json()) == question
    assert str(question) == "Without the gland?"
    assert (
        str(Question(steps=question.steps))
        == "without the drawn region, only the top 7.5 % of stage 2, without 2 single tiles"
    )
