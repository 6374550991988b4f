"""What stands beside the name of a stage: its role, what else is to be known, and a sentence."""

from dataclasses import replace

import pytest

from msm_mil_core.display.role_words import RoleWords, role_words
from msm_mil_core.explain.stage_role import stage_roles
from msm_mil_core.mil.predict import predict_bag
from tests.models import a_bag, a_checkpoint


@pytest.fixture
def roles():
    reading = predict_bag(a_checkpoint(), a_bag(30), device="cpu")
    return stage_roles(reading.prediction, reading.tile_outputs, 0)


def test_every_stage_has_the_words_of_its_role(roles):
    words = role_words(roles, "tumour")

    for role in roles:
        assert words.role(role.stage) == role.short("tumour")
        assert words.sentence(role.stage) == role.sentence("tumour")
        assert words.kind(role.stage) == (role.kind or "")


def test_marks_follow_the_role(roles):
    marked = [replace(roles[0], only_leftovers=True, adds_nothing=True, same_as=0), *roles[1:]]

    label = role_words(marked, "tumour").label(0)

    assert label.startswith(roles[0].short("tumour"))
    assert label.endswith("· shown only leftovers, adds nothing here")


def test_before_anything_is_known_there_is_nothing_to_read():
    nothing = RoleWords()

    assert {nothing.role(2), nothing.kind(2), nothing.label(2), nothing.sentence(2)} == {""}


def test_where_no_role_can_be_given_every_sentence_is_the_reason():
    words = RoleWords(why_not="Its tiles change each other.")

    assert words.label(1) == ""
    assert words.sentence(1) == "Its tiles change each other."
