"""Laying tiles over tissue."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError
from shapely.affinity import scale

from msm_mil_core.errors import TissueError
from msm_mil_core.slides.regions import Regions
from msm_mil_core.slides.tiling.tile_options import TileOptions
from msm_mil_core.slides.tiling.tiles import TileGrid, lay_tiles
from msm_mil_core.slides.tiling.tissue import TissueMask


def a_mask(rows: list[str], px0_per_px: tuple[float, float] = (10, 10)) -> TissueMask:
    """Draw a mask: # is tissue."""
    return TissueMask(np.array([[cell == "#" for cell in row] for row in rows]), px0_per_px)


def all_tissue(size_px0: tuple[int, int]) -> TissueMask:
    return TissueMask(np.ones((7, 5), np.bool_), (size_px0[0] / 5, size_px0[1] / 7))


@st.composite
def masks(draw: st.DrawFn) -> tuple[tuple[int, int], TissueMask]:
    size_px0 = (draw(st.integers(20, 500)), draw(st.integers(20, 500)))
    rows, cols = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    seed = draw(st.integers(0, 2**32 - 1))
    mask = np.random.default_rng(seed).random((rows, cols)) < draw(st.floats(0, 1))
    return size_px0, TissueMask(mask, (size_px0[0] / cols, size_px0[1] / rows))


def laid_or_none(
    size_px0: tuple[int, int], tissue: TissueMask, options: TileOptions, regions: Regions | None = None
) -> TileGrid | None:
    try:
        return lay_tiles(size_px0, tissue, options, regions=regions)
    except TissueError:
        return None


def test_tiles_cover_only_tissue():
    tissue = a_mask([
        "..##",
        "..##",
        "....",
        "....",
    ])  # fmt: skip

    tiles = lay_tiles((40, 40), tissue, TileOptions(side_px=20, min_tissue=0.5))

    assert tiles.xy_px0.tolist() == [[20, 0]]


def test_tiles_come_row_by_row():
    tissue = a_mask([
        "###",
        "#.#",
    ])  # fmt: skip

    tiles = lay_tiles((30, 20), tissue, TileOptions(side_px=10))

    assert tiles.xy_px0.tolist() == [[0, 0], [10, 0], [20, 0], [0, 10], [20, 10]]
    assert tiles.xy_px0.dtype == np.int64


@pytest.mark.parametrize(("min_tissue", "kept"), [(0, 3), (0.25, 3), (0.26, 2), (0.5, 2), (0.75, 1), (1, 1)])
def test_a_tile_needs_its_share_of_tissue_and_never_none(min_tissue: float, kept: int):
    tissue = a_mask([
        "###..#..",
        "###.....",
    ])  # fmt: skip

    tiles = lay_tiles((80, 20), tissue, TileOptions(side_px=20, min_tissue=min_tissue))

    assert len(tiles) == kept


def test_the_side_on_level_0_follows_from_micrometres_and_the_rounding_is_told():
    tiles = lay_tiles((4000, 4000), all_tissue((4000, 4000)), TileOptions(side_px=224, mpp=0.5), slide_mpp=0.2527)

    assert tiles.side_px0 == 443
    assert tiles.side_px == 224
    assert tiles.mpp == pytest.approx(443 * 0.2527 / 224)


def test_without_a_target_tiles_are_counted_in_level_0_pixels():
    known = lay_tiles((400, 400), all_tissue((400, 400)), TileOptions(side_px=100), slide_mpp=0.25)
    unknown = lay_tiles((400, 400), all_tissue((400, 400)), TileOptions(side_px=100))

    assert (known.side_px0, known.mpp) == (100, 0.25)
    assert unknown.side_px0 == 100
    assert np.isnan(unknown.mpp)


@given(masks(), st.integers(1, 120), st.floats(0, 1))
def test_no_tile_leaves_the_slide_and_no_two_overlap(
    slide: tuple[tuple[int, int], TissueMask], side_px: int, min_tissue: float
):
    (width, height), tissue = slide

    tiles = laid_or_none((width, height), tissue, TileOptions(side_px=side_px, min_tissue=min_tissue))

    if tiles is not None:
        assert (tiles.xy_px0 >= 0).all()
        assert (tiles.xy_px0 + tiles.side_px0 <= (width, height)).all()
        assert (tiles.xy_px0 % tiles.side_px0 == 0).all()
        assert len(np.unique(tiles.xy_px0, axis=0)) == len(tiles)


def overlaps(tiles: int, side_px0: int, cells: int, cell_px0: float) -> NDArray[np.float64]:
    """Return the share of every tile's side that every cell of the mask covers, (tiles, cells)."""
    starts, edges = np.arange(tiles)[:, None] * side_px0, np.arange(cells) * cell_px0
    common = np.minimum(starts + side_px0, edges + cell_px0) - np.maximum(starts, edges)
    return np.clip(common, 0, None) / side_px0


def shares_cell_by_cell(size_px0: tuple[int, int], tissue: TissueMask, side_px0: int) -> NDArray[np.float64]:
    """Compute the share of tissue of every tile the plain way: cell by cell of the mask."""
    (rows, cols), (across, down) = tissue.mask.shape, tissue.px0_per_px
    by_row = overlaps(size_px0[1] // side_px0, side_px0, rows, down)
    by_col = overlaps(size_px0[0] // side_px0, side_px0, cols, across)
    return np.asarray(by_row @ tissue.mask @ by_col.T)


@given(masks(), st.integers(5, 60), st.floats(0.01, 0.99))
def test_the_share_of_tissue_is_exact_however_mask_and_tiles_lie(
    slide: tuple[tuple[int, int], TissueMask], side_px: int, min_tissue: float
):
    size_px0, tissue = slide

    tiles = laid_or_none(size_px0, tissue, TileOptions(side_px=side_px, min_tissue=min_tissue))

    share = shares_cell_by_cell(size_px0, tissue, side_px)
    laid = np.zeros(share.shape, np.bool_)
    if tiles is not None:
        col, row = (tiles.xy_px0 // side_px).T
        laid[row, col] = True
    unsure = np.isclose(share, min_tissue, atol=1e-6)
    np.testing.assert_array_equal(laid[~unsure], (share >= min_tissue)[~unsure])


@given(masks(), st.integers(5, 60))
def test_asking_for_less_tissue_never_loses_a_tile(slide: tuple[tuple[int, int], TissueMask], side_px: int):
    size_px0, tissue = slide

    strict, lax = (
        laid_or_none(size_px0, tissue, TileOptions(side_px=side_px, min_tissue=share)) for share in (0.6, 0.2)
    )

    found = [set(map(tuple, tiles.xy_px0.tolist())) if tiles else set() for tiles in (strict, lax)]
    assert found[0] <= found[1]


@given(masks(), st.integers(5, 60))
def test_a_mirrored_slide_has_mirrored_tiles(slide: tuple[tuple[int, int], TissueMask], side_px: int):
    (width, height), tissue = slide
    width -= width % side_px  # the grid starts at the left edge: only whole tiles can be mirrored
    if width == 0:
        return
    tissue = TissueMask(tissue.mask, (width / tissue.mask.shape[1], tissue.px0_per_px[1]))
    mirrored = TissueMask(tissue.mask[:, ::-1], tissue.px0_per_px)

    here, there = (
        laid_or_none((width, height), mask, TileOptions(side_px=side_px, min_tissue=0.3217))
        for mask in (tissue, mirrored)
    )

    flipped = sorted((width - side_px - x, y) for x, y in (here.xy_px0.tolist() if here else []))
    assert flipped == sorted(map(tuple, there.xy_px0.tolist() if there else []))


def test_regions_keep_the_tiles_whose_centres_they_hold():
    regions = Regions((shapely.box(14, 0, 26, 40),))

    tiles = lay_tiles((40, 40), all_tissue((40, 40)), TileOptions(side_px=10), regions=regions)

    assert sorted({x for x, _ in tiles.xy_px0.tolist()}) == [10, 20]
    assert len(tiles) == 8


@given(st.floats(0.2, 3), st.floats(0.2, 3))
def test_tiles_in_regions_are_a_part_of_all_tiles(across: float, down: float):
    region = scale(shapely.Point(200, 200).buffer(100), across, down)
    tissue = all_tissue((400, 400))

    everywhere = laid_or_none((400, 400), tissue, TileOptions(side_px=16))
    within = laid_or_none((400, 400), tissue, TileOptions(side_px=16), Regions((region,)))

    assert everywhere is not None
    assert within is not None
    centres = everywhere.xy_px0 + 8
    inside = shapely.intersects_xy(region, centres[:, 0], centres[:, 1])
    np.testing.assert_array_equal(within.xy_px0, everywhere.xy_px0[inside])


@pytest.mark.parametrize(
    ("tissue", "options", "regions", "sentence"),
    [
        (a_mask(["...."]), TileOptions(side_px=10), None, "The slide: no tile.*Lower the tile option min_tissue"),
        (a_mask(["####"]), TileOptions(side_px=41), None, "smaller than one tile of 41.*Choose smaller tiles"),
        (
            a_mask(["####"]),
            TileOptions(side_px=10),
            Regions((shapely.box(6, 6, 9, 9),)),
            "centre in a region.*larger than one tile",
        ),
    ],
)
def test_no_tile_at_all_is_an_error_with_a_next_step(
    tissue: TissueMask, options: TileOptions, regions: Regions | None, sentence: str
):
    with pytest.raises(TissueError, match=f"(?s){sentence}"):
        lay_tiles((40, 10), tissue, options, regions=regions)


def test_tiles_without_a_side_or_a_scale_are_a_callers_mistake():
    with pytest.raises(ValueError, match="side_px is not set"):
        lay_tiles((40, 40), all_tissue((40, 40)), TileOptions())
    with pytest.raises(ValueError, match="need the slide's own"):
        lay_tiles((40, 40), all_tissue((40, 40)), TileOptions(side_px=20, mpp=0.5))


@pytest.mark.parametrize("field", [{"side_px": 0}, {"mpp": 0}, {"min_tissue": 1.1}, {"overlap": 1}])
def test_options_out_of_bounds_are_refused(field: dict[str, float]):
    with pytest.raises(ValidationError):
        TileOptions.model_validate(field)


def test_a_hundred_thousand_tiles_are_laid_at_once(monkeypatch: pytest.MonkeyPatch):
    mask = TissueMask(np.ones((2048, 2048), np.bool_), (38.7, 38.7))
    region, asked = Regions((shapely.Point(40_000, 40_000).buffer(40_000, quad_segs=200),)), []
    hold = Regions.hold
    monkeypatch.setattr(Regions, "hold", lambda it, xy_px0: asked.append(len(xy_px0)) or hold(it, xy_px0))

    tiles = lay_tiles((79_000, 79_000), mask, TileOptions(side_px=224), regions=region)

    assert len(tiles) > 90_000
    assert len(asked) == 1  # all tiles in one call: none is looked at by itself
