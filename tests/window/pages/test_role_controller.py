"""The roles of stages: told once they are computed, at once if they are known, and never of another result."""

import pytest
from qtpy.QtCore import QObject

from msm_mil_core.display.role_words import RoleWords, role_words
from msm_mil_core.explain.stage_role import stage_roles
from napari_msm_mil.pages.stages.role_controller import RoleController
from tests.results import a_prediction, a_result
from tests.window.dock_user import settle
from tests.window.pages.conftest import a_questionable_result


@pytest.fixture
def told():
    """What is told, in order."""
    return []


@pytest.fixture
def roles(qtbot, told):
    owner = QObject()
    controller = RoleController(owner)
    controller.told.connect(told.append)
    yield controller
    controller.stop()
    settle()


def expected(result, index):
    roles = stage_roles(result.prediction, result.tile_outputs, index)
    return role_words(roles, result.prediction.classes[index])


def test_roles_arrive_after_a_time_without_them(roles, told):
    result = a_questionable_result()

    roles.show_result(result)
    roles.show_class(1)
    meanwhile = list(told)
    settle()

    assert meanwhile == [RoleWords()]
    assert told[1:] == [expected(result, 1)]


def test_another_class_has_other_roles_and_what_is_known_is_told_at_once(roles, told):
    result = a_questionable_result()
    roles.show_result(result)
    for index in (0, 1):
        roles.show_class(index)
        settle()
    told.clear()

    roles.show_class(0)
    at_once = list(told)
    settle()

    assert at_once == told == [expected(result, 0)]


def test_the_same_class_is_not_judged_again(roles, told):
    roles.show_result(a_questionable_result())
    roles.show_class(1)
    settle()
    told.clear()

    roles.show_class(1)
    settle()

    assert told == []


def test_only_the_latest_class_of_the_latest_result_is_told(roles, told, qtbot):
    first, second = a_questionable_result(), a_questionable_result(seed=1)
    roles.show_result(first)
    roles.show_class(0)
    roles.show_result(second)
    roles.show_class(0)
    roles.show_class(1)
    qtbot.waitUntil(lambda: any(words != RoleWords() for words in told))
    settle()

    assert [words for words in told if words != RoleWords()] == [expected(second, 1)]


def test_a_result_that_cannot_be_questioned_says_why(roles, told):
    roles.show_result(a_result(prediction=a_prediction(30, evidence=False), preset="paper"))
    roles.show_class(0)
    settle()

    assert "preset paper" in told[-1].why_not
    assert told[-1].label(0) == ""
