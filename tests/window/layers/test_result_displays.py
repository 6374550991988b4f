"""How results are shown in the layers of a viewer: what is drawn, when, and that it all comes back."""

from functools import partial

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from msm_mil_core.display import stage_images
from msm_mil_core.display.heatmap import CONTRASTS, contrast, rasterise
from msm_mil_core.display.shared_tiles import STRIPES
from msm_mil_core.display.stage_display import CLAIMED, SHARED
from msm_mil_core.display.tile_map import winner_map
from msm_mil_core.display.view_choice import with_all_stages
from msm_mil_core.explain.selections.selection import top_tiles
from msm_mil_core.results.annotations import StageView, View
from napari_msm_mil.layers.blink import Blink
from napari_msm_mil.layers.result_displays import ResultDisplays
from napari_msm_mil.layers.saved_view import display_of, view_of
from napari_msm_mil.layers.tile_map_layers import map_layer
from tests.results import a_prediction, a_result, block_of_tiles
from tests.window.dock_user import FIRST_STAGE, a_result_of, show_slide


@pytest.fixture
def result(viewer, layers, drawn):
    show_slide(viewer, drawn)
    result = a_result_of(drawn, masks=True)
    layers.show(result, None, FIRST_STAGE)
    return result


@pytest.fixture
def displays(layers):
    return ResultDisplays(layers)


@pytest.fixture
def change(displays):
    """Change how a result is shown by one transition of its display."""

    def change(result, transition, *args, **kwargs):
        displays.show(result, getattr(displays.display(result), transition)(*args, **kwargs))

    return change


@pytest.fixture
def show(displays, change):
    """Show or hide one layer as a user of the dock does."""
    return lambda result, key, visible=True: change(result, "with_layer_shown", key, visible=visible)


def put_map(layers, result):
    layers.show_map(result, "winner", map_layer(result, winner_map(result.prediction)))


def visible(layers, result):
    return [layer.visible for layer in layers.stages(result)]


def tiles_drawn(layer):
    return int(np.isfinite(layer.data).sum())


@pytest.mark.parametrize("percent", [1, 10, 50])
def test_the_threshold_leaves_the_top_of_each_stage(layers, change, result, qtbot, percent):
    change(result, "with_top_percent", percent)
    qtbot.waitUntil(lambda: all(f"top {percent} %" in layer.name for layer in layers.stages(result)))

    for stage, layer in zip(result.prediction.stages, layers.stages(result), strict=True):
        top = rasterise(result.tiles, np.where(top_tiles(stage.attention, percent), stage.attention, np.nan))
        np.testing.assert_array_equal(np.isfinite(layer.data), np.isfinite(top.values))


def test_a_threshold_moves_no_colour(layers, change, show, result):
    for index in range(3):
        show(result, index)
    change(result, "with_contrast", "log")
    limits = [layer.contrast_limits for layer in layers.stages(result)]

    change(result, "with_top_percent", 5)

    assert all("top 5 %" in layer.name for layer in layers.stages(result))
    assert [layer.contrast_limits for layer in layers.stages(result)] == limits


@pytest.mark.parametrize("kind", CONTRASTS)
def test_on_one_scale_the_same_colour_is_the_same_value_in_every_stage(layers, change, result, qtbot, kind):
    change(result, "with_contrast", kind)
    change(result, "with_shared_scale", shared=True)
    qtbot.waitUntil(lambda: all("one scale" in layer.name for layer in layers.stages(result)))

    everything = np.concatenate([stage.attention for stage in result.prediction.stages])
    for stage, layer in zip(result.prediction.stages, layers.stages(result), strict=True):
        expected = rasterise(result.tiles, contrast(stage.attention, kind, everything)).values
        np.testing.assert_allclose(layer.data, expected)
    assert len({tuple(layer.contrast_limits) for layer in layers.stages(result)}) == 1


def test_contrast_changes_values_name_and_limits_of_one_stage_or_of_all(layers, displays, change, qtbot, drawn):
    result = a_result_of(drawn)
    layers.show(result, None, FIRST_STAGE)

    change(result, "with_contrast", "raw", 1)
    one = [stage.contrast for stage in displays.display(result).stages]
    change(result, "with_contrast", "log")
    qtbot.waitUntil(lambda: all("log" in layer.name for layer in layers.stages(result)))

    assert one == ["rank", "raw", "rank"]
    for layer, stage in zip(layers.stages(result), result.prediction.stages, strict=True):
        attention = stage.attention
        np.testing.assert_allclose(np.sort(layer.data[np.isfinite(layer.data)]), np.sort(np.log10(attention)))
        assert layer.contrast_limits == pytest.approx([np.log10(attention.min()), np.log10(attention.max())])


def test_a_stage_of_equal_values_can_be_shown_in_every_contrast(layers, change, drawn):
    result = a_result_of(drawn)
    result.prediction.stages[0].attention[:] = 1 / len(result.tiles)

    layers.show(result, None, FIRST_STAGE)
    for kind in ("raw", "log", "rank"):
        change(result, "with_contrast", kind)
        low, high = layers.stages(result)[0].contrast_limits
        assert low < high


def test_what_is_hidden_is_drawn_when_it_is_shown(layers, change, show, result):
    hidden = layers.stages(result)[2]
    change(result, "with_top_percent", 10)
    waiting = tiles_drawn(hidden)

    show(result, 2)

    assert tiles_drawn(hidden) < waiting


def stripes_of(layers, result):
    layer = layers.layer_by_key(result, SHARED)
    return layer.visible, sorted({int(stage) for stage in layer.data[np.isfinite(layer.data)]})


def test_stripes_part_the_tiles_that_several_visible_stages_share(layers, change, show, result):
    change(result, "with_top_percent", 60)
    one = stripes_of(layers, result)[0]
    show(result, 2)
    two = stripes_of(layers, result)
    show(result, 1)
    three = stripes_of(layers, result)
    change(result, "with_solo", 1)
    alone = stripes_of(layers, result)[0]

    assert not one
    assert two == (True, [1, 3])
    assert three == (True, [1, 2, 3])
    assert not alone


def test_stripes_follow_the_threshold(layers, change, show, result):
    show(result, 1)
    change(result, "with_top_percent", 60)
    many = tiles_drawn(layers.layer_by_key(result, SHARED))
    change(result, "with_top_percent", 30)
    top = [top_tiles(stage.attention, 30) for stage in result.prediction.stages[:2]]

    assert tiles_drawn(layers.layer_by_key(result, SHARED)) == STRIPES * int((top[0] & top[1]).sum()) < many


def test_stripes_that_the_user_hides_stay_hidden_until_all_stages_are_asked_for(layers, displays, show, result):
    displays.show(result, with_all_stages(displays.display(result)).with_top_percent(60))

    layers.layer_by_key(result, SHARED).visible = False
    show(result, 1, visible=False)
    hidden = stripes_of(layers, result)[0]
    displays.show(result, with_all_stages(displays.display(result)))

    assert not hidden
    assert stripes_of(layers, result)[0]


def test_stripes_are_as_opaque_as_two_maps_over_each_other(layers, change, result):
    change(result, "with_opacity", 0.5)

    assert layers.layer_by_key(result, SHARED).opacity == 0.75


def test_a_solo_in_the_midst_of_top_tiles_is_whole_and_the_top_tiles_come_back(layers, displays, change, drawn):
    result = a_result_of(drawn)
    layers.show(result, None)
    top = [tiles_drawn(layer) for layer in layers.stages(result)]

    change(result, "with_solo", 1)
    whole = tiles_drawn(layers.stages(result)[1])
    change(result, "with_solo", None)

    assert whole == len(result.tiles)
    assert [tiles_drawn(layer) for layer in layers.stages(result)] == top == [4, 4, 4]


views = st.builds(
    View,
    stages=st.tuples(
        *[st.builds(StageView, visible=st.booleans(), contrast=st.sampled_from(CONTRASTS), opacity=st.floats(0, 1))] * 3
    ),
    shared_scale=st.booleans(),
    top_percent=st.floats(0.1, 100),
    claimed=st.booleans(),
)


@given(view=views, solo=st.none() | st.integers(0, 2), covered=st.booleans())
def test_a_saved_view_is_the_view_of_its_display_whatever_passes(view, solo, covered):
    everything = frozenset({0, 1, 2, CLAIMED})
    display = display_of(view, 3).with_solo(solo)

    shown = display.with_layers(everything | {"winner"}) if covered else display

    assert view_of(shown) == view_of(shown.with_layers(everything)) == view


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(view=views, solo=st.none() | st.integers(0, 2), covered=st.booleans())
def test_a_view_that_is_shown_is_the_view(layers, displays, result, view, solo, covered):
    if covered:
        put_map(layers, result)
    existing = displays.display(result)

    displays.show(result, display_of(view, 3).with_layers({0, 1, 2, CLAIMED} | existing.maps).with_solo(solo))
    shown = displays.view(result)
    displays.show(result, displays.display(result).with_solo(None))
    layers.remove_map(result, "winner")

    assert shown == displays.view(result) == view
    assert visible(layers, result) == [stage.visible for stage in view.stages]
    assert layers.layer_by_key(result, CLAIMED).visible == view.claimed


def test_a_view_of_fewer_stages_shows_the_others_too():
    assert view_of(display_of(View(stages=()), 2)) == View(stages=(StageView(), StageView()))


def test_a_result_opens_as_it_was_shown_last(layers, displays, change, qtbot, drawn):
    result = a_result_of(drawn, masks=True)
    stages = (
        StageView(visible=False, contrast="raw", opacity=0.3),
        StageView(visible=True, contrast="percentile", opacity=0.5),
        StageView(visible=True, contrast="log", opacity=1.0),
    )
    view = View(stages=stages, shared_scale=True, top_percent=20, claimed=False)

    layers.show(result, None, view)
    opened = [(layer.data.copy(), layer.name) for layer in layers.stages(result)]
    viewed = displays.view(result)
    change(result, "with_top_percent", 100)
    qtbot.waitUntil(lambda: not any("top" in layer.name for layer in layers.stages(result)))
    change(result, "with_top_percent", 20)
    qtbot.waitUntil(lambda: all("top" in layer.name for layer in layers.stages(result)))

    assert viewed == view
    for (pixels, name), layer in zip(opened, layers.stages(result), strict=True):
        np.testing.assert_array_equal(pixels, layer.data)
        assert layer.name == name


def test_side_by_side_is_not_the_view(layers, displays, change, show, result):
    before = displays.view(result)
    change(result, "with_cells", {0, 1, 2})
    show(result, 1, visible=False)

    meanwhile = displays.view(result), visible(layers, result)
    change(result, "without_temporary")
    show(result, 2)
    show(result, CLAIMED, visible=False)

    assert meanwhile == (before, [True, False, True])
    assert displays.view(result).stages[2].visible
    assert not displays.view(result).claimed


def test_a_stage_alone_hides_the_others_until_it_is_released(layers, displays, change, show, drawn):
    result = a_result_of(drawn)
    layers.show(result, None, FIRST_STAGE)
    show(result, 1)

    change(result, "with_solo", 2)
    one = visible(layers, result)
    change(result, "with_solo", 0)
    other = visible(layers, result)
    change(result, "with_solo", None)

    assert (one, other) == ([False, False, True], [True, False, False])
    assert visible(layers, result) == [True, True, False]
    assert displays.display(result).alone is None


def test_alone_a_stage_has_a_ramp_of_more_hues_and_its_own_comes_back(layers, change, result):
    own = [layer.colormap.name for layer in layers.stages(result)]

    change(result, "with_solo", 1)
    alone = layers.stages(result)[1].colormap.name
    change(result, "with_solo", None)

    assert alone == "Stage 2 alone"
    assert [layer.colormap.name for layer in layers.stages(result)] == own


def test_alone_a_stage_is_named_on_the_canvas(layers, change, result):
    first, second, _ = layers.stages(result)
    first.name_overlay.visible = True

    change(result, "with_solo", 1)
    alone = [layer.name_overlay.visible for layer in (first, second)]
    change(result, "with_solo", None)

    assert alone == [False, True]
    assert [layer.name_overlay.visible for layer in (first, second)] == [True, False]


def test_colours_that_the_user_chose_outlast_the_solo_of_another_stage(layers, change, result):
    first = layers.stages(result)[0]
    first.colormap = "magma"

    change(result, "with_solo", 1)
    change(result, "with_solo", None)

    assert first.colormap.name == "magma"


def test_an_opacity_set_in_napari_is_the_opacity_of_the_view(layers, displays, change, result):
    layers.stages(result)[1].opacity = 0.2

    change(result, "with_solo", 0)

    assert [stage.opacity for stage in displays.view(result).stages] == [0.7, 0.2, 0.7]
    assert layers.stages(result)[1].opacity == 0.2


def test_outlines_may_come_and_go_while_a_stage_is_alone(layers, displays, change, show, result):
    change(result, "with_solo", 1)

    show(result, CLAIMED, visible=False)

    assert displays.display(result).alone == 1
    assert not layers.layer_by_key(result, CLAIMED).visible


def test_a_stage_alone_is_the_matter_of_its_result_only(layers, displays, change, show, result, drawn):
    other = a_result_of(drawn, seed=1)
    layers.show(other, None, FIRST_STAGE)
    show(other, 1)
    before = displays.view(result)

    change(other, "with_solo", 2)
    change(result, "with_solo", 0)
    change(result, "with_solo", None)
    meanwhile = displays.view(result)
    change(other, "with_solo", None)

    assert meanwhile == before
    assert visible(layers, other) == [True, True, False]


def test_a_choice_in_the_layer_list_ends_a_solo(layers, displays, change, result, qtbot):
    change(result, "with_solo", 2)

    with qtbot.waitSignal(displays.changed):
        layers.stages(result)[1].visible = True

    assert visible(layers, result) == [False, True, True]
    assert displays.display(result).alone is None
    assert [stage.visible for stage in displays.view(result).stages] == [False, True, True]


def test_outlines_hidden_in_the_layer_list_are_hidden_in_the_view(layers, displays, result):
    layers.layer_by_key(result, CLAIMED).visible = False

    assert displays.display(result).claimed_shown is False
    assert not displays.view(result).claimed


def test_a_removed_stage_harms_no_other(viewer, layers, displays, change, show, drawn):
    result = a_result_of(drawn)
    layers.show(result, None, FIRST_STAGE)

    viewer.layers.remove(layers.stages(result)[1])
    show(result, 1)
    change(result, "with_contrast", "raw")

    assert displays.display(result).present == {0, 2}
    assert displays.view(result) is None
    assert "raw" in layers.stages(result)[0].name


def test_another_map_covers_the_stages_until_it_is_removed(layers, displays, result):
    before = displays.view(result)

    put_map(layers, result)
    covered = visible(layers, result), displays.view(result)
    layers.remove_map(result, "winner")

    assert covered == ([False, False, False], before)
    assert displays.view(result) == before
    assert visible(layers, result) == [True, False, False]


def test_what_was_changed_without_a_dock_is_taken_over(layers, viewer, displays, change, result):
    change(result, "with_solo", 1)
    layers.stop()
    layers.stages(result)[2].visible = True
    put_map(layers, result)

    later = ResultDisplays(layers)

    assert visible(layers, result) == [False, False, False]
    assert [stage.visible for stage in later.view(result).stages] == [False, True, True]


def test_after_stopping_nothing_is_followed(layers, viewer, displays, result, qtbot):
    layers.stop()

    with qtbot.assertNotEmitted(displays.changed):
        viewer.add_shapes()
        layers.stages(result)[1].visible = True


class Work:
    """Counts what drawing costs: values spread over colours, places laid out, and images handed to napari."""

    def __init__(self, monkeypatch, layers):
        self.calls, self.drawn = {"contrast": 0, "lay_raster": 0}, [0] * len(layers)
        for name in self.calls:
            monkeypatch.setattr(stage_images, name, self._counting(name, getattr(stage_images, name)))
        for index, layer in enumerate(layers):
            layer.events.data.connect(partial(self._count, index))

    def _counting(self, name, function):
        def counting(*args):
            self.calls[name] += 1
            return function(*args)

        return counting

    def _count(self, index, _event):
        self.drawn[index] += 1


def test_a_slider_only_selects_tiles_and_draws_each_visible_map_once_a_step(layers, change, show, monkeypatch):
    result = a_result(block_of_tiles(400, 250), prediction=a_prediction(100_000))
    layers.show(result, None, FIRST_STAGE)
    show(result, 1)
    work = Work(monkeypatch, layers.stages(result))

    for percent in (50, 40, 30, 20, 10, 5):  # the first move as the later ones
        change(result, "with_top_percent", percent)

    assert work.calls == {"contrast": 0, "lay_raster": 0}
    assert work.drawn == [6, 6, 0]
    assert [tiles_drawn(layer) for layer in layers.stages(result)] == [5_000, 5_000, 100_000]


def test_hidden_maps_are_drawn_once_when_the_slider_rests(layers, change, monkeypatch, qtbot, result):
    work = Work(monkeypatch, layers.stages(result))

    for percent in (50, 40, 30):
        change(result, "with_top_percent", percent)
    qtbot.waitUntil(lambda: work.drawn[1] > 0 and work.drawn[2] > 0)

    assert work.drawn == [3, 1, 1]


def test_a_change_of_contrast_spreads_the_values_and_lays_out_nothing(layers, change, monkeypatch, result):
    work = Work(monkeypatch, layers.stages(result))

    for kind in ("log", "rank", "log"):
        change(result, "with_contrast", kind)

    assert work.calls == {"contrast": 1, "lay_raster": 0}
    assert work.drawn[0] == 3


def test_solo_opacity_and_outlines_draw_nothing(layers, change, show, monkeypatch, result):
    work = Work(monkeypatch, layers.stages(result))

    change(result, "with_solo", 1)
    change(result, "with_solo", None)
    change(result, "with_opacity", 0.3)
    show(result, CLAIMED, visible=False)

    assert work.calls == {"contrast": 0, "lay_raster": 0}
    assert work.drawn == [0, 0, 0]


def test_two_stages_take_turns_until_it_is_stopped(layers, displays, result, qtbot):
    blink, before = Blink(displays), displays.view(result)

    blink.start(result)
    first = visible(layers, result)
    qtbot.waitUntil(lambda: layers.stages(result)[1].visible)
    second = visible(layers, result)
    blink.stop()

    assert (first, second) == ([True, False, False], [False, True, False])
    assert displays.view(result) == before
    assert visible(layers, result) == [True, False, False]


def test_showing_a_stage_by_hand_ends_the_blinking(layers, displays, result, qtbot):
    blink = Blink(displays)
    blink.start(result)

    with qtbot.waitSignal(blink.blinking) as blinking:
        layers.stages(result)[2].visible = True

    assert blinking.args == [False]
    assert not blink.on


def test_a_stage_that_was_alone_before_the_blinking_is_alone_after_it(viewer, layers, displays, change, result):
    layers.select(layers.stages(result)[0])
    change(result, "with_solo", 2)
    blink = Blink(displays)

    blink.start(result, (0, 1))
    blink.stop()

    assert displays.display(result).alone == 2
    assert visible(layers, result) == [False, False, True]
    assert set(viewer.layers.selection) == {layers.stages(result)[0]}


def test_a_stage_that_is_removed_ends_the_blinking(viewer, layers, displays, result):
    blink = Blink(displays)
    blink.start(result)

    viewer.layers.remove(layers.stages(result)[1])

    assert not blink.on
    assert visible(layers, result) == [True, False]


def test_a_chosen_pair_blinks(layers, displays, result):
    blink = Blink(displays)

    blink.start(result, (1, 2))

    assert visible(layers, result) == [False, True, False]
    blink.stop()


def test_a_single_stage_does_not_blink(layers, displays, drawn):
    result = a_result_of(drawn, S=1)
    layers.show(result, None, FIRST_STAGE)
    blink = Blink(displays)

    blink.start(result)

    assert not blink.on
