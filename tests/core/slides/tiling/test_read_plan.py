"""From level-0 pixels to the level that is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msm_mil_core.slides.tiling.read_plan import TOLERATED_COARSENING, level_ratio, plan_read

PYRAMID = ((4000, 3000), (2000, 1500), (1000, 750), (250, 187))


@st.composite
def pyramids(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    width, height = draw(st.integers(64, 200_000)), draw(st.integers(64, 200_000))
    factors = draw(st.lists(st.floats(1.5, 4.5), max_size=5))
    levels, factor = [(width, height)], 1.0
    for step in factors:
        factor *= step
        levels.append((max(1, round(width / factor)), max(1, round(height / factor))))
    return tuple(levels)


@pytest.mark.parametrize(
    ("side_px0", "level"),
    [(224, 0), (300, 0), (448, 1), (700, 1), (896, 2), (224 * 15, 2), (224 * 17, 3), (112, 0)],
)
def test_the_nearest_finer_level_is_read(side_px0: int, level: int):
    plan = plan_read(side_px0, 224, PYRAMID[0], PYRAMID)

    assert plan.level == level


def test_a_level_that_is_coarser_by_rounding_only_will_do():
    levels = ((4443, 3567), (2221, 1783))  # 2.0005 times, as a scanner wrote it

    plan = plan_read(448, 224, levels[0], levels)

    assert plan.level == 1
    assert plan.px0_per_px == (4443 / 2221, 3567 / 1783)


@given(pyramids(), st.integers(1, 5000), st.integers(1, 2048))
def test_no_level_is_coarser_than_needed_and_none_that_would_do_is_coarser(
    levels: tuple[tuple[int, int], ...], side_px0: int, side_px: int
):
    plan = plan_read(side_px0, side_px, levels[0], levels)

    enough = side_px0 / side_px * (1 + TOLERATED_COARSENING)
    coarsest_side = [max(level_ratio(levels[0], level)) for level in levels]
    assert plan.level == 0 or coarsest_side[plan.level] <= enough
    assert all(ratio <= coarsest_side[plan.level] for ratio in coarsest_side if ratio <= enough)


@given(pyramids(), st.integers(1, 5000), st.integers(1, 2048), st.integers(0, 200_000), st.integers(0, 200_000))
def test_a_box_on_the_level_is_the_tile_on_level_0(
    levels: tuple[tuple[int, int], ...], side_px0: int, side_px: int, x_px0: int, y_px0: int
):
    plan = plan_read(side_px0, side_px, levels[0], levels)

    left, top, right, bottom = plan.box_level_px((x_px0, y_px0))

    across, down = plan.px0_per_px
    assert [left * across, top * down] == pytest.approx([x_px0, y_px0])
    assert [right * across, bottom * down] == pytest.approx([x_px0 + side_px0, y_px0 + side_px0])


@given(pyramids(), st.integers(1, 5000), st.integers(1, 2048), st.integers(0, 100_000))
def test_neighbouring_boxes_share_their_edge(
    levels: tuple[tuple[int, int], ...], side_px0: int, side_px: int, x_px0: int
):
    plan = plan_read(side_px0, side_px, levels[0], levels)

    here, beside = plan.box_level_px((x_px0, 0)), plan.box_level_px((x_px0 + side_px0, 0))

    assert here[2] == beside[0]


def test_what_is_no_tile_and_no_pyramid_is_a_callers_mistake():
    with pytest.raises(ValueError, match="side of at least 1"):
        plan_read(0, 224, PYRAMID[0], PYRAMID)
    with pytest.raises(ValueError, match="the levels are"):
        plan_read(224, 224, (10, 10), PYRAMID)


def test_a_level_is_reduced_in_decoding_where_a_coarser_one_is_wanted():
    levels = [(8192, 8192), (2048, 2048)]

    plans = [plan_read(side_px0, 224, (8192, 8192), levels, (1, 2, 4)) for side_px0 in (224, 448, 449, 886, 1792, 9000)]

    assert [(plan.level, plan.reduction) for plan in plans] == [(0, 1), (0, 2), (0, 2), (1, 1), (1, 2), (1, 4)]
    assert [plan.px0_per_px[0] for plan in plans] == [1, 2, 2, 4, 8, 16]


@given(st.integers(1, 3000), st.integers(1, 500), st.sampled_from([(1,), (1, 2), (1, 2, 4)]))
def test_reducing_never_leaves_too_few_pixels(side_px0: int, side_px: int, reductions: tuple[int, ...]):
    plan = plan_read(side_px0, side_px, (8192, 8192), [(8192, 8192), (2048, 2048)], reductions)

    assert plan.reduction in reductions
    enough = side_px0 / side_px * (1 + TOLERATED_COARSENING)
    assert max(plan.px0_per_px) <= enough or (plan.level, plan.reduction) == (0, 1)
