"""Opening and reading slides with the real openslide."""

import gc
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.slide import is_slide, open_slide
from tests.slides import BOUNDS, GLASS, HOT, TISSUE, DrawnSlide, a_drawn_slide, a_picture, write_slide

Find = Callable[[str], Path]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> DrawnSlide:
    return a_drawn_slide(tmp_path_factory.mktemp("slides") / "drawn.tiff")


@pytest.fixture(scope="module")
def bounded(tmp_path_factory: pytest.TempPathFactory) -> DrawnSlide:
    return a_drawn_slide(tmp_path_factory.mktemp("slides") / "drawn.scn", bounds=BOUNDS)


def test_a_slide_tells_its_facts(drawn: DrawnSlide):
    with open_slide(drawn.path) as slide:
        facts = slide.facts

    assert (facts.name, facts.path) == ("drawn.tiff", str(drawn.path))
    assert facts.size_px0 == (2048, 1536)
    assert slide.level_sizes_px == ((2048, 1536), (1024, 768), (512, 384))
    assert (facts.mpp, facts.mpp_origin) == (0.5, "openslide.mpp-x")
    assert (facts.origin_px0, facts.extent_px0) == ((0, 0), (2048, 1536))
    assert (slide.vendor, slide.background_rgb) == ("generic-tiff", (255, 255, 255))
    assert facts.quick_hash == slide.properties["openslide.quickhash-1"]


def test_bounds_are_told_and_move_no_pixel(bounded: DrawnSlide):
    with open_slide(bounded.path) as slide:
        hot = slide.read(bounded.hot_px0[:2], 0, (2, 2))
        before = slide.read((bounded.hot_px0[0] - 2, bounded.hot_px0[1]), 0, (2, 2))

    assert (slide.facts.size_px0, slide.vendor) == ((2048, 1536), "leica")
    assert (slide.facts.origin_px0, slide.facts.extent_px0) == (BOUNDS[:2], BOUNDS[2:])
    np.testing.assert_allclose(hot, np.broadcast_to(HOT, hot.shape), atol=20)
    np.testing.assert_allclose(before, np.broadcast_to(TISSUE, before.shape), atol=20)


def test_transparent_areas_and_what_is_outside_are_background(bounded: DrawnSlide):
    with open_slide(bounded.path) as slide:
        transparent = slide.read((0, 0), 0, (64, 64))
        outside = slide.read((-100, 5000), 1, (8, 8))
        edge = slide.read((BOUNDS[0] - 4, BOUNDS[1] + 64), 0, (8, 1))

    assert (transparent == 255).all()
    assert (outside == 255).all()
    assert (edge[0, :4] == 255).all()
    np.testing.assert_allclose(edge[0, 4:], np.broadcast_to(GLASS, (4, 3)), atol=20)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_reading_gives_the_pixels_that_were_written(tmp_path: Path, level: int):
    picture = a_picture((700, 500), {(200, 100, 300, 300): TISSUE})
    write_slide(tmp_path / "drawn.tiff", picture, levels=3)

    with open_slide(tmp_path / "drawn.tiff") as slide:
        whole = slide.read((0, 0), level, slide.level_sizes_px[level])

    np.testing.assert_array_equal(whole, np.asarray(Image.fromarray(picture).reduce(2**level)))
    assert whole.flags.writeable


def test_positions_go_by_exact_ratios_however_wide_the_slide(tmp_path: Path):
    picture = np.zeros((64, 9999, 3), np.uint8)
    picture[:, ::2] = 255
    picture[:, 9990:] = (255, 0, 0)
    write_slide(tmp_path / "wide.tiff", picture, levels=3)

    with open_slide(tmp_path / "wide.tiff") as slide:
        width = slide.level_sizes_px[2][0]
        last = slide.read((round((width - 1) * 9999 / width), 0), 2, (1, 1))

    red, green, blue = last[0, 0].tolist()
    assert red == 255
    assert max(green, blue) < 64  # openslide itself blends by a fraction of a pixel


def test_threads_share_one_slide_and_get_the_same_pixels(drawn: DrawnSlide):
    corners = [(x, y) for x in range(0, 2048, 256) for y in range(0, 1536, 256)] * 2

    with open_slide(drawn.path) as slide, ThreadPoolExecutor(4) as pool:
        alone = [slide.read(corner, 0, (256, 256)) for corner in corners]
        together = list(pool.map(lambda corner: slide.read(corner, 0, (256, 256)), corners))

    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


def test_closing_in_the_middle_of_reading_breaks_nothing(drawn: DrawnSlide):
    slide = open_slide(drawn.path)

    with ThreadPoolExecutor(4) as pool:
        reads = [pool.submit(slide.read, (0, 0), 0, (1024, 1024)) for _ in range(12)]
        reads[0].result()
        slide.close()
        outcomes = [read.exception() for read in reads]

    assert all(outcome is None or isinstance(outcome, ValueError) for outcome in outcomes)


def test_a_closed_slide_keeps_its_facts_and_reads_no_more(drawn: DrawnSlide):
    slide = open_slide(drawn.path)

    slide.close()
    slide.close()

    assert slide.facts.name == "drawn.tiff"
    with pytest.raises(ValueError, match=r"drawn\.tiff is closed"):
        slide.read((0, 0), 0, (1, 1))


def test_a_closed_slide_lets_go_of_its_file(drawn: DrawnSlide):
    slide = open_slide(drawn.path)
    slide.read((0, 0), 0, (1, 1))

    slide.close()
    gc.collect()

    links = [link.resolve() for link in Path("/proc/self/fd").glob("*")] if Path("/proc/self/fd").exists() else []
    assert drawn.path not in links


@pytest.mark.parametrize("max_side_px", [64, 100, 511, 512, 1000, 2048, 4000])
def test_a_thumbnail_shows_the_whole_slide(drawn: DrawnSlide, max_side_px: int):
    with open_slide(drawn.path) as slide:
        thumbnail = slide.thumbnail(max_side_px)

    side = min(max_side_px, 2048)
    assert thumbnail.shape == (round(side * 0.75), side, 3)
    hot = np.abs(thumbnail.astype(int) - HOT).max(axis=2) < 60
    rows, cols = np.nonzero(hot)
    assert [cols.min() / side * 2048, rows.min() / side * 2048] == pytest.approx([1024, 512], abs=2048 / side)
    assert [cols.max() / side * 2048, rows.max() / side * 2048] == pytest.approx([1280, 768], abs=2 * 2048 / side)


def test_a_thumbnail_made_in_strips_is_the_one_made_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    drawn = a_drawn_slide(tmp_path / "drawn.tiff", levels=1)

    with open_slide(drawn.path) as slide:
        at_once = slide.thumbnail(333)
        monkeypatch.setattr("msm_mil_core.slides.slide.STRIP_PX", 50_000)
        in_strips = slide.thumbnail(333)

    np.testing.assert_array_equal(in_strips, at_once)


def test_a_typed_mpp_overrides_the_file(tmp_path: Path):
    drawn = a_drawn_slide(tmp_path / "drawn.tiff", mpp=0.5)

    with open_slide(drawn.path, mpp=0.25) as slide:
        assert (slide.facts.mpp, slide.facts.mpp_origin) == (0.25, "user")
        assert slide.require_mpp() == 0.25


def test_a_slide_without_mpp_opens_and_asks_for_it_when_it_is_needed(tmp_path: Path):
    drawn = a_drawn_slide(tmp_path / "drawn.tiff", mpp=None)

    with open_slide(drawn.path) as slide:
        assert (slide.facts.mpp, slide.facts.mpp_origin) == (None, "missing")
        with pytest.raises(SlideError, match=r"drawn\.tiff.*--mpp"):
            slide.require_mpp()


@pytest.mark.parametrize("name", ["Präparat – 12 µm.tiff", "組織切片.svs", "a b'c\"d.tif"])
def test_any_file_name_works(tmp_path: Path, name: str):
    write_slide(tmp_path / name, a_picture((256, 256), {}), levels=1)

    with open_slide(tmp_path / name) as slide:
        assert slide.facts.name == name
        assert slide.read((0, 0), 0, (256, 256)).shape == (256, 256, 3)


def test_a_slide_is_known_by_its_content_not_by_its_name(tmp_path: Path):
    first = a_drawn_slide(tmp_path / "first.tiff").path
    shutil.copy(first, tmp_path / "copy.svs")
    other = write_slide(tmp_path / "other.tiff", a_picture((2048, 1536), {}))

    hashes = [open_slide(path).facts.quick_hash for path in (first, tmp_path / "copy.svs", other)]

    assert hashes[0] == hashes[1] != hashes[2]


def test_the_aperio_slide_and_its_dicom_twin_are_the_same_picture(shared: Find):
    with (
        open_slide(shared("slides/CMU-1-Small-Region.svs")) as aperio,
        open_slide(shared("slides/CMU-1-Small-Region-dicom")) as dicom,
    ):
        ours, theirs = (slide.read((800, 800), 0, (512, 512)) for slide in (aperio, dicom))

    assert aperio.facts.size_px0 == dicom.facts.size_px0 == (2220, 2967)
    assert aperio.facts.mpp == dicom.facts.mpp == 0.499
    assert (dicom.vendor, dicom.facts.name) == ("dicom", "CMU-1-Small-Region-dicom")
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.98


def test_one_file_of_a_dicom_slide_opens_all_of_it(shared: Find):
    folder = shared("slides/CMU-1-Small-Region-dicom")

    facts = [open_slide(path).facts for path in (folder, *sorted(folder.glob("*.dcm")))]

    assert len({(fact.size_px0, fact.quick_hash) for fact in facts}) == 1


def test_associated_images_are_read(shared: Find):
    with open_slide(shared("slides/CMU-1-Small-Region.svs")) as slide:
        shapes = {name: slide.associated_image(name).shape for name in slide.associated_names}
        with pytest.raises(ValueError, match="no image 'nothing'"):
            slide.associated_image("nothing")

    assert shapes == {"label": (463, 387, 3), "macro": (431, 1280, 3), "thumbnail": (768, 574, 3)}


def test_a_slide_without_mpp_of_a_real_archive_asks_for_it(shared: Find):
    with open_slide(shared("slides/TCGA-CR-7395-01A-01-TS1.svs")) as slide, pytest.raises(SlideError, match="--mpp"):
        slide.require_mpp()


def test_a_resolution_meant_for_printing_is_no_mpp(shared: Find):
    with open_slide(shared("slides/tiny/boxes.tiff")) as slide:
        assert slide.facts.mpp is None
        assert "352.8" in slide.mpp_remark


def test_slides_are_told_from_other_files(tmp_path: Path, drawn: DrawnSlide, shared: Find):
    (tmp_path / "text.svs").write_text("no slide")

    assert is_slide(drawn.path)
    assert is_slide(shared("slides/CMU-1-Small-Region-dicom"))
    assert not any(map(is_slide, [tmp_path / "text.svs", tmp_path, tmp_path / "absent.svs"]))
