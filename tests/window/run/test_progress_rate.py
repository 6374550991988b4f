"""What a user reads of a run's speed."""

from msm_mil_core.progress import Progress
from napari_msm_mil.run.progress_rate import ProgressRate


def encoding(done, total=100):
    return Progress("Encoding tiles", done, total, "tiles")


def test_speed_counts_from_the_first_report_of_a_step():
    rate = ProgressRate()
    rate.describe(Progress("Finding tissue", 0, 1), 0.0)
    rate.describe(encoding(0), 10.0)

    words = rate.describe(encoding(50), 12.0)

    assert "50 of 100 tiles" in words
    assert "25 tiles per second" in words
    assert "about 2 s left" in words


def test_a_step_that_cannot_be_counted_is_named_alone():
    assert ProgressRate().describe(Progress("Finding tissue", 0, 1), 0.0) == "Finding tissue…"


def test_nothing_is_said_of_speed_before_there_is_one():
    rate = ProgressRate()

    assert "per second" not in rate.describe(encoding(0), 1.0)
    assert "per second" not in rate.describe(encoding(5), 1.0)


def test_the_time_left_is_told_in_units_that_fit():
    rate = ProgressRate()
    rate.describe(encoding(0, 10_000), 0.0)

    assert "min left" in rate.describe(encoding(100, 10_000), 10.0)
    assert "h left" in rate.describe(encoding(101, 10_000), 200.0)
    assert "almost done" in rate.describe(encoding(10_000, 10_000), 300.0)
