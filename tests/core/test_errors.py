"""What all our own errors have in common."""

import pytest

from msm_mil_core import errors
from msm_mil_core.errors import MsmMilError

OURS = [each for each in vars(errors).values() if isinstance(each, type) and each.__module__ == errors.__name__]


@pytest.mark.parametrize("error", OURS)
def test_our_errors_are_told_from_programming_errors(error: type[Exception]):
    assert issubclass(error, MsmMilError)
    assert not issubclass(
        error, (RuntimeError, ValueError, OSError)
    )  # workers swallow the first, code catches the rest
