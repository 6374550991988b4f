"""The sample slides that come with the package."""

import hashlib

import pytest
import shapely

from msm_mil_core.export.qupath.import_truth import read_truth
from msm_mil_core.slides.sample import LUNG, SAMPLES, SKIN, sample_slide
from msm_mil_core.slides.slide import open_slide
from msm_mil_core.slides.tiling.tissue import find_tissue
from msm_mil_core.slides.truth import truth_path


@pytest.mark.parametrize("key", SAMPLES)
def test_a_sample_is_a_slide_of_known_pixel_size_with_tissue_on_glass(key):
    sample = sample_slide(key)

    with open_slide(sample.path) as slide:
        assert slide.facts.mpp is not None
        assert slide.remark == ""
        assert 0.2 < find_tissue(slide).mask.mean() < 0.8
    assert sample.path.stat().st_size < 3e6


def test_an_unknown_sample_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="'liver', only lung, skin"):
        sample_slide("liver")


def test_the_skin_is_the_slide_that_openslide_gives_away():
    digest = hashlib.sha256(SKIN.path.read_bytes()).hexdigest()

    assert digest == "ed92d5a9f2e86df67640d6f92ce3e231419ce127131697fbbce42ad5e002c8a7"
    assert "CC0" in SKIN.sentence


def test_the_lung_mosaic_has_several_levels_and_one_area_of_each_tumour_inside_its_tissue():
    with open_slide(LUNG.path) as slide:
        levels = slide.level_sizes_px
        areas = read_truth(truth_path(LUNG.path), slide.facts)

    assert len(levels) > 2
    assert [area.name for area in areas] == ["adenocarcinoma", "squamous"]
    assert [area.shape.geom_type for area in areas] == ["Polygon", "Polygon"]
    assert areas[0].rgb != areas[1].rgb
    assert not shapely.intersection(areas[0].shape, areas[1].shape).area


def test_where_the_samples_come_from_is_told_beside_them():
    about = LUNG.path.with_name("ABOUT.md").read_text(encoding="utf-8")

    assert all(sample.path.name in about for sample in SAMPLES.values())
    assert "CC0" in about
    assert "arXiv 1912.12142" in about
