"""Finding tissue on slides: drawn ones, whose tissue is known, and real ones."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray
from PIL import Image
from pydantic import ValidationError
from scipy import ndimage

from msm_mil_core.errors import TissueError
from msm_mil_core.slides.slide import open_slide
from msm_mil_core.slides.tiling.tissue import TissueMask, find_tissue
from msm_mil_core.slides.tiling.tissue_options import TissueOptions
from tests.slides import BOUNDS, TISSUE, DrawnSlide, a_drawn_slide, a_picture, write_slide

Find = Callable[[str], Path]
Box = tuple[int, int, int, int]
PALE = (228, 208, 222)
MPP = 1.0


def tissue_of(path: Path, picture: NDArray[np.uint8], options: TissueOptions | None = None) -> TissueMask:
    """Write the picture as a slide of 1 µm per pixel and find its tissue."""
    with open_slide(write_slide(path, picture, mpp=MPP, levels=2)) as slide:
        return find_tissue(slide, options)


def share(tissue: TissueMask, box_px0: Box) -> float:
    """Return how much of a box is tissue."""
    (x, y, width, height), (across, down) = box_px0, tissue.px0_per_px
    rows, cols = (
        slice(round(y / down), round((y + height) / down)),
        slice(round(x / across), round((x + width) / across)),
    )
    return float(tissue.mask[rows, cols].mean())


@pytest.mark.parametrize("bounds", [None, BOUNDS])
def test_a_field_of_tissue_is_found_where_it_was_drawn(tmp_path: Path, bounds: Box | None):
    drawn: DrawnSlide = a_drawn_slide(tmp_path / "drawn", bounds=bounds)

    with open_slide(drawn.path) as slide:
        tissue = find_tissue(slide)

    assert np.multiply(tissue.mask.shape[::-1], tissue.px0_per_px) == pytest.approx(drawn.size_px0)
    assert share(tissue, drawn.tissue_px0) > 0.99
    assert tissue.mask.sum() == pytest.approx(share(tissue, drawn.tissue_px0) * 1024**2 / 16, rel=0.03)
    assert tissue.slide == str(drawn.path)


def test_glass_alone_is_no_tissue_however_noisy_tinted_or_compressed(tmp_path: Path):
    noise = np.random.default_rng(0).normal(0, 8, (800, 1000, 3))
    shade = np.linspace(-12, 8, 1000)[:, None]
    for number, glass in enumerate([(255, 255, 255), (243, 242, 244), (246, 240, 228), (232, 236, 240)]):
        picture = np.clip(glass + noise + shade, 0, 255).astype(np.uint8)
        compressed = BytesIO()
        Image.fromarray(picture).save(compressed, "JPEG", quality=30)

        with pytest.raises(TissueError, match=r"blank\d\.tif: no tissue found. Lower .*least_saturation"):
            tissue_of(tmp_path / f"blank{number}.tif", np.asarray(Image.open(compressed)))


def test_a_slide_full_of_tissue_keeps_its_pale_half(tmp_path: Path):
    picture = a_picture((1000, 1000), {(0, 0, 500, 1000): PALE, (500, 0, 500, 1000): (150, 60, 140)})

    tissue = tissue_of(tmp_path / "full.tif", picture)

    assert share(tissue, (0, 0, 1000, 1000)) > 0.97


def test_real_stained_tissue_that_fills_the_slide_is_kept_with_its_stroma(tmp_path: Path):
    picture = np.tile(skimage.data.immunohistochemistry(), (2, 2, 1))

    tissue = tissue_of(tmp_path / "ihc.tif", picture)

    assert share(tissue, (0, 0, 1024, 1024)) > 0.9


def test_ink_and_black_are_no_tissue_and_ink_can_be_taken_for_a_stain(tmp_path: Path):
    green, blue, black, real = (50, 50, 250, 250), (400, 50, 250, 250), (50, 400, 250, 250), (400, 400, 500, 500)
    picture = a_picture((1000, 1000), {green: (30, 140, 70), blue: (40, 80, 180), black: (20, 25, 28), real: TISSUE})

    skipped = tissue_of(tmp_path / "pen.tif", picture)
    stained = tissue_of(tmp_path / "pen.tif", picture, TissueOptions(skip_ink=False))

    inside = (20, 20, -40, -40)
    assert [share(skipped, tuple(np.add(box, inside))) for box in (green, blue, black)] == [0, 0, 0]
    assert share(skipped, real) > 0.97
    assert [round(share(stained, tuple(np.add(box, inside)))) for box in (green, blue, black)] == [1, 1, 0]


def test_gaps_and_holes_are_filled_and_specks_dropped_by_their_size_on_the_glass(tmp_path: Path):
    tissue_box, gap, hole, speck = (100, 100, 600, 600), (380, 100, 20, 600), (150, 300, 100, 100), (850, 850, 60, 60)
    glass = (243, 242, 244)
    picture = a_picture((1000, 1000), {tissue_box: TISSUE, gap: glass, hole: glass, speck: TISSUE})

    tidy = tissue_of(tmp_path / "holes.tif", picture)
    raw = tissue_of(tmp_path / "holes.tif", picture, TissueOptions(close_um=0, fill_holes_um2=0, drop_specks_um2=0))

    assert [share(tidy, box) for box in (tissue_box, gap, hole, speck)] == pytest.approx([1, 1, 1, 0], abs=0.01)
    assert [round(share(raw, box)) for box in (gap, hole, speck)] == [0, 0, 1]


def test_the_whole_slide_can_be_taken_without_looking(tmp_path: Path):
    grey = a_picture((512, 512), {(100, 100, 300, 300): (120, 120, 120)})

    with pytest.raises(TissueError, match="whole_slide"):
        tissue_of(tmp_path / "grey.tif", grey)
    tissue = tissue_of(tmp_path / "grey.tif", grey, TissueOptions(whole_slide=True))

    assert tissue.mask.all()


def test_the_whole_slide_ends_at_its_bounds(tmp_path: Path):
    drawn = a_drawn_slide(tmp_path / "drawn.scn", bounds=BOUNDS)

    with open_slide(drawn.path) as slide:
        tissue = find_tissue(slide, TissueOptions(whole_slide=True))

    across, down = tissue.px0_per_px
    assert share(tissue, BOUNDS) == 1
    assert tissue.mask.sum() * across * down == pytest.approx(BOUNDS[2] * BOUNDS[3])


def test_a_slide_without_mpp_has_tissue_too(tmp_path: Path):
    drawn = a_drawn_slide(tmp_path / "drawn.tif", mpp=None)

    with open_slide(drawn.path) as slide:
        tissue = find_tissue(slide)

    assert share(tissue, drawn.tissue_px0) > 0.99
    assert share(tissue, (0, 0, 400, 1536)) == 0


@pytest.mark.parametrize(
    ("name", "mpp", "low", "high"),
    [
        ("CMU-1-Small-Region.svs", None, 0.35, 0.45),
        ("CMU-1-Small-Region-dicom", None, 0.35, 0.45),
        ("TCGA-CR-7395-01A-01-TS1.svs", 0.5, 0.60, 0.70),
    ],
)
def test_tissue_of_real_slides_is_one_piece_as_a_person_sees_it(
    shared: Find, name: str, mpp: float | None, low: float, high: float
):
    with open_slide(shared(f"slides/{name}"), mpp=mpp) as slide:
        tissue = find_tissue(slide)

    pieces, _ = ndimage.label(tissue.mask)
    sizes = np.bincount(pieces.ravel())[1:]
    assert low < tissue.mask.mean() < high
    assert sizes.max() > 0.95 * tissue.mask.sum()


def test_the_tiny_slide_of_tests_is_smaller_than_any_piece_of_tissue(shared: Find):
    with open_slide(shared("slides/tiny/small.svs")) as slide, pytest.raises(TissueError, match="drop_specks_um2"):
        find_tissue(slide)


@pytest.mark.parametrize("field", [{"least_saturation": -0.1}, {"thumbnail_px": 10}, {"close_um": -1}, {"otsu": True}])
def test_options_out_of_bounds_are_refused(field: dict[str, float]):
    with pytest.raises(ValidationError):
        TissueOptions.model_validate(field)
