"""Slides with an ICC profile are shown in sRGB, or as their file has them; the encoder gets what was chosen for it."""

import numpy as np
import pytest
from napari.components import ViewerModel

from msm_mil_core.slides.slide import open_slide
from tests.icc import a_profiled_slide
from tests.slides import TISSUE, a_picture
from tests.window.dock_user import RUN_MS, a_model_file, child, open_dock, show_slide, text_of

PIXELS = a_picture((768, 512), {(128, 128, 384, 256): TISSUE})


@pytest.fixture
def profiled(tmp_path):
    """A slide whose profile exchanges red and blue."""
    return a_profiled_slide(tmp_path / "drawn.tif", PIXELS)


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def dock(qtbot, viewer, tmp_path, monkeypatch):
    with open_dock(qtbot, viewer, monkeypatch, tmp_path, a_model_file(tmp_path / "model.safetensors")) as dock:
        yield dock


def corner(layer) -> np.ndarray:
    return np.asarray(layer.data[0][128:160, 128:160]).mean(axis=(0, 1))


def test_a_slide_is_shown_in_srgb_until_its_own_colours_are_asked_for(dock, viewer, profiled):
    layer = show_slide(viewer, profiled)
    in_srgb, stored = corner(layer), PIXELS[128:160, 128:160].mean(axis=(0, 1))
    shown = not child(dock, "screen_colors").isHidden(), child(dock, "screen_colors").isChecked()

    child(dock, "screen_colors").click()
    own = corner(layer)
    child(dock, "screen_colors").click()

    assert shown == (True, True)
    np.testing.assert_allclose(in_srgb, stored[::-1], atol=8)
    np.testing.assert_allclose(own, stored)
    np.testing.assert_array_equal(corner(layer), in_srgb)
    assert "Scanner 7" in child(dock, "screen_colors").toolTip()


def test_without_a_profile_there_is_nothing_to_choose(dock, viewer, drawn):
    show_slide(viewer, drawn)

    assert child(dock, "screen_colors").isHidden()


def test_the_encoder_gets_what_the_file_has_and_the_result_says_so(dock, viewer, profiled, qtbot):
    show_slide(viewer, profiled)

    child(dock, "run").click()
    qtbot.waitUntil(lambda: text_of(dock, "run") == "Run", timeout=RUN_MS)

    assert dock.result is not None, text_of(dock, "message")
    assert (dock.result.slide.profile, dock.result.slide.colors) == ("Scanner 7", "as-stored")
    assert dock.result.options["colors"] == "as-stored"


def test_a_damaged_area_is_read_again_in_the_same_colours(profiled):
    from napari_msm_mil.slides.damaged_slide import reopened

    with open_slide(profiled.path) as slide:
        facts = slide.in_colors("srgb").facts

    with reopened(facts) as again:
        assert again.facts == facts
