"""The slide of a result is found where it was or beside the result, and never another one."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.find_slide import find_slide, open_same_slide, require_slide
from msm_mil_core.slides.slide import SlideFacts, open_slide
from tests.slides import a_picture, write_slide


def a_slide(path: Path, *, shade: int = 120, mpp: float | None = 0.5) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_slide(path, a_picture((64, 64), {(0, 0, 32, 32): (shade, 40, 90)}), mpp=mpp, levels=1)


def facts_of(path: Path, mpp: float | None = None) -> SlideFacts:
    with open_slide(path, mpp) as slide:
        return slide.facts


def path_of(facts: SlideFacts, near: Path) -> Path:
    with require_slide(facts, near) as slide:
        return Path(slide.facts.path)


def test_a_slide_is_found_where_it_was(tmp_path):
    slide = a_slide(tmp_path / "slides" / "a.tiff")

    assert path_of(facts_of(slide), tmp_path / "results" / "a.msm.h5") == slide


def test_a_slide_that_moved_is_found_beside_the_result(tmp_path):
    facts = facts_of(a_slide(tmp_path / "slides" / "a.tiff"))
    moved = Path(facts.path).rename(tmp_path / "a.tiff")

    assert path_of(facts, tmp_path / "a.msm.h5") == moved


def test_a_recorded_path_may_be_relative_to_the_result(tmp_path):
    slide = a_slide(tmp_path / "slides" / "a.tiff")
    facts = replace(facts_of(slide), path="slides/a.tiff")

    assert path_of(facts, tmp_path / "a.msm.h5") == slide


def test_another_slide_of_the_same_name_is_passed_over(tmp_path):
    facts = facts_of(a_slide(tmp_path / "slides" / "a.tiff"))
    moved = Path(facts.path).rename(tmp_path / "a.tiff")
    a_slide(tmp_path / "slides" / "a.tiff", shade=10)

    assert path_of(facts, tmp_path / "a.msm.h5") == moved


def test_another_slide_is_never_taken(tmp_path):
    facts = facts_of(a_slide(tmp_path / "a.tiff"))
    other = a_slide(tmp_path / "a.tiff", shade=10)

    assert find_slide(facts, tmp_path / "a.msm.h5") is None
    with pytest.raises(SlideError, match=r"a\.tiff is not the slide that was analysed"):
        require_slide(facts, tmp_path / "a.msm.h5")
    with pytest.raises(SlideError, match="Choose the right file"):
        open_same_slide(other, facts)


def test_a_slide_that_cannot_be_opened_says_why(tmp_path):
    facts = facts_of(a_slide(tmp_path / "a.tiff"))
    Path(facts.path).write_text("a text")

    assert find_slide(facts, tmp_path / "a.msm.h5") is None
    with pytest.raises(SlideError, match="not a whole-slide image"):
        require_slide(facts, tmp_path / "a.msm.h5")


@pytest.mark.parametrize("path", ["/gone/a.tiff", ""])
def test_a_slide_that_has_gone_is_not_found(tmp_path, path):
    facts = replace(facts_of(a_slide(tmp_path / "b.tiff")), name="a.tiff", path=path)

    assert find_slide(facts, tmp_path / "a.msm.h5") is None
    with pytest.raises(SlideError, match=r"a\.tiff is not at .* any more"):
        require_slide(facts, tmp_path / "a.msm.h5")


def test_micrometres_per_pixel_that_a_user_typed_hold_again(tmp_path):
    slide = a_slide(tmp_path / "a.tiff", mpp=None)
    typed, found = facts_of(slide, mpp=0.3), facts_of(a_slide(tmp_path / "b.tiff"))

    with require_slide(typed, tmp_path / "a.msm.h5") as again:
        assert (again.facts.mpp, again.facts.mpp_origin) == (0.3, "user")
    with require_slide(found, tmp_path / "b.msm.h5") as again:
        assert again.facts.mpp_origin == "openslide.mpp-x"


@pytest.mark.parametrize(
    "path", ["//host/share/a.tiff", r"\\host\share\a.tiff", "http://host/a.tiff", "file://host/a.tiff", "../a.tiff"]
)
def test_a_recorded_path_to_another_computer_or_out_of_the_folder_is_no_place(tmp_path, monkeypatch, path):
    facts = replace(facts_of(a_slide(tmp_path / "a.tiff")), path=path, name="gone.tiff")
    asked = []
    stat = Path.stat
    monkeypatch.setattr(Path, "stat", lambda self, **how: asked.append(str(self)) or stat(self, **how))

    with pytest.raises(SlideError, match=r"gone\.tiff is not at .* any more, or that place is not opened unasked"):
        require_slide(facts, tmp_path / "deep" / "a.msm.h5")
    assert all(place.startswith(str(tmp_path / "deep")) for place in asked)


@pytest.mark.parametrize("name", ["../a.tiff", "..", ".", "", "/etc/passwd", r"..\a.tiff", "a\0.tiff", "a" * 300])
def test_a_recorded_name_that_is_none_finds_nothing(tmp_path, name):
    facts = replace(facts_of(a_slide(tmp_path / "a.tiff")), path="", name=name)

    assert find_slide(facts, tmp_path / "deep" / "a.msm.h5") is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_in_place_of_a_slide_is_not_waited_for(tmp_path):
    facts = facts_of(a_slide(tmp_path / "a.tiff"))
    (tmp_path / "a.tiff").unlink()
    os.mkfifo(tmp_path / "a.tiff")
    (tmp_path / "dicom").mkdir()
    os.mkfifo(tmp_path / "dicom" / "a.dcm")

    for path in (facts.path, "/dev/zero", str(tmp_path / "dicom")):
        assert find_slide(replace(facts, path=path), tmp_path / "a.msm.h5") is None
