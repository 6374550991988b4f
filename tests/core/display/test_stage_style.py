from itertools import combinations

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from msm_mil_core.display.stage_style import STAGE_COLOURS, solo_ramp, stage_colour, stage_name, stage_ramp, stage_rgb

# Machado, Oliveira and Fernandes (2009), severity 1: what the eye makes of linear RGB.
EYES = {
    "full": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
APART = 12
"""CIEDE2000; 1 is what a trained eye just distinguishes when two patches touch, and these do not touch."""
WHITE, PALE_TISSUE = [1.0, 1.0, 1.0], [0.93, 0.85, 0.90]


def test_stages_are_counted_from_1_for_people():
    assert [stage_name(0), stage_name(6)] == ["Stage 1", "Stage 7"]


def test_eight_stages_have_eight_colours_and_the_ninth_begins_again():
    assert len({stage_colour(index) for index in range(8)}) == 8
    assert stage_colour(8) == stage_colour(0) == "#0072B2"
    assert stage_rgb(0) == (0, 0x72, 0xB2)


def pure(index):
    return np.array(stage_rgb(index)) / 255


def deep_end(index):
    return np.array(stage_ramp(index)[-1][:3])


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("colour", [pure, deep_end])
def test_eight_stages_differ_each_from_each_for_every_eye(eye, colour):
    seen = seen_by(eye, np.array([colour(index) for index in range(len(STAGE_COLOURS))]))

    assert len(seen) == 8
    assert all(deltaE_ciede2000(one, other) > APART for one, other in combinations(seen, 2))


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("ramp", [*(stage_ramp(index) for index in range(8)), solo_ramp()], ids=[*"12345678", "solo"])
@pytest.mark.parametrize("ground", [WHITE, PALE_TISSUE])
def test_a_ramp_darkens_all_the_way_on_white_and_on_tissue(eye, ramp, ground):
    ramp = np.array(ramp)
    over = ramp[:, :3] * ramp[:, 3:] + np.array(ground) * (1 - ramp[:, 3:])

    lightness = seen_by(eye, over)[:, 0]

    assert (np.diff(lightness) < 0).all()
    assert lightness[0] - lightness[-1] > 20


@pytest.mark.parametrize("index", range(8))
def test_a_ramp_is_clear_at_the_low_end_and_covers_at_the_high_end(index):
    ramp = np.array(stage_ramp(index))

    assert ramp[0, 3] == 0
    assert ramp[-1, 3] > 0.9
    assert (ramp >= 0).all()
    assert (ramp <= 1).all()


def test_napari_and_matplotlib_take_a_ramp_as_it_is():
    from matplotlib.colors import LinearSegmentedColormap
    from napari.utils import Colormap

    ramp = stage_ramp(1)

    drawn = LinearSegmentedColormap.from_list("stage", ramp)([0.0, 0.5, 1.0])
    shown = Colormap(ramp).map(np.array([0.0, 0.5, 1.0]))

    np.testing.assert_allclose(drawn, shown, atol=0.01)


def seen_by(eye, rgb):
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.transpose(EYES[eye]), 0, 1)
    return rgb2lab(np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055)[None])[0]
