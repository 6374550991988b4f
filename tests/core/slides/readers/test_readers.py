"""One contract for all readers: openslide, direct, direct at scale, tifffile, zarr, pictures, layers, and fsspec."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from shutil import make_archive

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from msm_mil_core.slides.decoded_tiles import DecodedTiles
from msm_mil_core.slides.find_slide import find_slide, require_slide
from msm_mil_core.slides.readers.reader_choice import ReaderChoice
from msm_mil_core.slides.slide import Slide, open_arrays, open_slide
from tests.conftest import SHARED
from tests.dicom_slides import write_dicom
from tests.level_files import write_ome_tiff, write_ome_zarr
from tests.slides import BOUNDS, a_drawn_slide
from tests.tiled_slides import JPEG_420, STORAGES, ZLIB, a_field, write_tiled

DICOM = SHARED / "slides/CMU-1-Small-Region-dicom"
SIZE_PX0 = (700, 500)
FIELD = a_field(SIZE_PX0)
READERS: dict[str, tuple[str, ReaderChoice]] = {
    "openslide": ("slide.tif", "openslide"),
    "direct": ("slide.tif", "direct"),
    "direct-scaled": ("slide.tif", "auto"),
    "picture": ("picture.png", "auto"),
    "picture (tiff)": ("picture.tif", "auto"),
    "tifffile": ("series.ome.tif", "auto"),
    "tifffile (planes)": ("planes.ome.tif", "auto"),
    "tifffile (pages)": ("pages.ome.tif", "auto"),
    "tifffile (16 bits)": ("deep.ome.tif", "auto"),
    "openslide (dicom)": ("dicom", "openslide"),
    "direct (dicom)": ("dicom", "auto"),
    "zarr (0.4)": ("four.zarr", "auto"),
    "zarr (0.5)": ("five.zarr", "auto"),
    "zarr (zip)": ("packed.ozx", "auto"),
    "layer": ("layer", "auto"),
    "fsspec": ("memory://readers/series.ome.tif", "fsspec"),
}
"""What is opened, by its reader and what sets it apart from others with that reader."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readers")
    write_tiled(folder / "slide.tif", FIELD, steps=(1, 4))
    pixels = open_slide(folder / "slide.tif", reader="openslide").read((0, 0), 0, SIZE_PX0)
    for name in ("picture.png", "picture.tif"):
        Image.fromarray(pixels).save(folder / name)
    write_ome_tiff(folder / "series.ome.tif", pixels)
    write_ome_tiff(folder / "planes.ome.tif", pixels, colours="planes")
    write_ome_tiff(folder / "pages.ome.tif", pixels, colours="pages")
    write_ome_tiff(folder / "deep.ome.tif", pixels, deep=True)
    if DICOM.exists():
        write_dicom(folder / "dicom", pixels, DICOM)
    np.save(folder / "layer", pixels)
    (folder / "layer.npy").rename(folder / "layer")
    if find_spec("zarr"):
        write_ome_zarr(folder / "four.zarr", pixels, version="0.4")
        write_ome_zarr(folder / "five.zarr", pixels, version="0.5")
        make_archive(str(folder / "packed"), "zip", folder / "five.zarr")
        (folder / "packed.zip").rename(folder / "packed.ozx")
    if find_spec("fsspec"):
        import fsspec

        fsspec.filesystem("memory").pipe("/readers/series.ome.tif", (folder / "series.ome.tif").read_bytes())
    return folder


def opened(folder: Path, name: str, mpp: float | None = None) -> Slide:
    """Open a slide of the folder as a reader does; skip what needs a library that is not here."""
    file, choice = READERS[name]
    if file.endswith((".zarr", ".ozx")):
        pytest.importorskip("zarr", reason="OME-Zarr is read by the library zarr, of the extra zarr")
    if file == "dicom" and not (folder / file).exists():
        pytest.skip("needs a slide in DICOM of the shared data, which is not here")
    if choice == "fsspec":
        pytest.importorskip("fsspec", reason="addresses are read by fsspec, of the extra remote")
        return open_slide(Path(file), mpp, choice)
    if name == "layer":
        whole = np.load(folder / file)
        levels = [whole, np.asarray(Image.fromarray(whole).reduce(4))]
        return open_arrays(levels, folder / file, layer_mpp=(0.25, 0.25), mpp=mpp)
    return open_slide(folder / file, mpp, choice)


@pytest.fixture(params=READERS)
def slide(request: pytest.FixtureRequest, folder: Path) -> Slide:
    slide = opened(folder, request.param, mpp=0.25)
    assert slide.facts.reader == request.param.partition(" ")[0]
    return slide


@pytest.fixture(scope="module")
def truth(folder: Path) -> NDArray[np.uint8]:
    """Level 0 as openslide decodes it."""
    return open_slide(folder / "slide.tif", reader="openslide").read((0, 0), 0, SIZE_PX0)


def cut(truth: NDArray[np.uint8], corner: tuple[int, int], size_px: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a region of an image that is white outside."""
    (x, y), (width, height) = corner, size_px
    region = np.full((height, width, 3), 255, np.uint8)
    for row in range(max(0, -y), min(height, truth.shape[0] - y)):
        left, right = max(0, -x), min(width, truth.shape[1] - x)
        if left < right:
            region[row, left:right] = truth[y + row, x + left : x + right]
    return region


@pytest.mark.parametrize("name", READERS)
def test_any_region_shows_the_slide_and_its_background_outside(folder, truth, name: str):
    with opened(folder, name) as slide:

        @settings(max_examples=25, deadline=None)
        @given(st.integers(-300, 900), st.integers(-300, 700), st.integers(1, 400), st.integers(1, 400))
        def holds(x: int, y: int, width: int, height: int) -> None:
            pixels = slide.read((x, y), 0, (width, height))

            np.testing.assert_array_equal(pixels, cut(truth, (x, y), (width, height)))
            assert pixels.flags.writeable

        holds()


def test_the_facts_do_not_depend_on_the_reader(slide: Slide):
    assert slide.facts.size_px0 == slide.level_sizes_px[0] == SIZE_PX0
    assert (slide.facts.mpp, slide.facts.mpp_origin) == (0.25, "user")
    assert slide.reductions == ((1, 2, 4) if slide.facts.reader == "direct-scaled" else (1,))


ORIGINS = {
    "slide.tif": (None, "missing"),
    "picture.png": (None, "missing"),
    "picture.tif": (None, "missing"),
    "series.ome.tif": (0.25, "ome.PhysicalSizeX"),
    "planes.ome.tif": (0.25, "ome.PhysicalSizeX"),
    "pages.ome.tif": (0.25, "ome.PhysicalSizeX"),
    "deep.ome.tif": (0.25, "ome.PhysicalSizeX"),
    "dicom": (0.25, "openslide.mpp-x"),
    "four.zarr": (0.25, "ome-zarr.mpp-x"),
    "five.zarr": (0.25, "ome-zarr.mpp-x"),
    "packed.ozx": (0.25, "ome-zarr.mpp-x"),
    "layer": (0.25, "layer.mpp-x"),
    "memory://readers/series.ome.tif": (0.25, "ome.PhysicalSizeX"),
}
"""What each file says of the size of its pixels, and where."""


@pytest.mark.parametrize("name", READERS)
def test_the_size_of_a_pixel_comes_from_the_file_if_it_says_it(folder: Path, name: str):
    file, _ = READERS[name]

    with opened(folder, name) as slide:
        assert (slide.facts.mpp, slide.facts.mpp_origin) == (pytest.approx(ORIGINS[file][0]), ORIGINS[file][1])


def test_levels_are_as_much_smaller_as_the_file_makes_them(slide: Slide):
    expected = [(700, 500)] if slide.facts.reader == "picture" else [(700, 500), (175, 125)]

    assert list(slide.level_sizes_px) == expected


def test_the_slide_is_known_again_and_another_is_not(slide: Slide, folder: Path, tmp_path: Path):
    moved = tmp_path / "results" / "a.msm.h5"
    if slide.facts.reader in ("layer", "fsspec"):
        assert find_slide(slide.facts, moved) is None  # no file of this computer
        return

    with require_slide(slide.facts, moved) as again:
        assert again.facts.quick_hash == slide.facts.quick_hash
    assert find_slide(replace(slide.facts, quick_hash="of another"), moved) is None


def test_every_level_covers_the_whole_slide(slide: Slide):
    field = FIELD.mean(axis=(0, 1))

    for level, (width, height) in enumerate(slide.level_sizes_px):
        for reduction in slide.reductions:
            size_px = -(-width // reduction), -(-height // reduction)
            pixels = slide.read((0, 0), level, size_px, reduction)

            assert pixels.shape == (size_px[1], size_px[0], 3)
            partly_white = 6  # the last row and column
            np.testing.assert_allclose(pixels.mean(axis=(0, 1)), field, atol=partly_white)


def test_a_place_on_the_slide_is_found_in_every_level(slide: Slide):
    """A block of 4 x 4 level-0 pixels is one pixel of the level that is a quarter, and of the quarter scale."""
    coarse = np.asarray(Image.fromarray(FIELD).reduce(4)).astype(int)

    for level, (width, _) in enumerate(slide.level_sizes_px):
        times = round(SIZE_PX0[0] / width)
        for reduction in slide.reductions:
            if times * reduction != 4:
                continue
            pixels = slide.read((200, 100), level, (40, 30), reduction)
            assert np.abs(pixels - coarse[25:55, 50:90]).mean() < 6  # one pixel aside it would be more than 10


def test_threads_get_what_one_thread_gets(slide: Slide):
    asked = [(x, y, level) for x in range(-64, 700, 150) for y in range(-64, 500, 130) for level in (0, 0, 0)]

    def read(place: tuple[int, int, int]) -> NDArray[np.uint8]:
        return slide.read(place[:2], place[2], (180, 150))

    alone = [read(place) for place in asked]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(read, asked))

    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


def test_a_closed_slide_reads_no_more(slide: Slide):
    slide.close()

    with pytest.raises(ValueError, match="is closed"):
        slide.read((0, 0), 0, (1, 1))


@pytest.mark.parametrize("storage", STORAGES)
def test_direct_pixels_are_openslides_at_every_level(tmp_path: Path, storage: str):
    path = write_tiled(tmp_path / "slide.tif", FIELD, STORAGES[storage], steps=(1, 2, 4))

    with open_slide(path, reader="direct") as direct, open_slide(path, reader="openslide") as openslide:
        assert direct.level_sizes_px == openslide.level_sizes_px
        for level, size_px in enumerate(direct.level_sizes_px):
            wider = size_px[0] + 40, size_px[1] + 40
            ours, theirs = (slide.read((0, 0), level, wider) for slide in (direct, openslide))
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("storage", [name for name in STORAGES if name != "jpeg-2000"])
@pytest.mark.parametrize("reduction", [2, 4])
def test_a_scaled_read_is_close_to_the_mean_of_its_pixels(tmp_path: Path, storage: str, reduction: int):
    path = write_tiled(tmp_path / "slide.tif", FIELD, STORAGES[storage], steps=(1,))

    with open_slide(path) as slide:
        whole = slide.read((0, 0), 0, SIZE_PX0)
        size_px = -(-SIZE_PX0[0] // reduction), -(-SIZE_PX0[1] // reduction)
        scaled = slide.read((0, 0), 0, size_px, reduction)

    assert slide.facts.reader == "direct-scaled"
    off = np.abs(scaled.astype(int) - np.asarray(Image.fromarray(whole).reduce(reduction)))
    assert off.mean() < 3
    assert off[-1].max() < 60  # nothing of the green that lies in the tiles beyond the edge
    assert off[:, -1].max() < 60


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([1, 2, 4]), st.integers(-50, 400), st.integers(-50, 400), st.integers(1, 200), st.integers(1, 200)
)
def test_a_part_of_a_scaled_level_is_that_part(folder, reduction: int, x: int, y: int, width: int, height: int):
    with open_slide(folder / "slide.tif") as slide:
        size_px = -(-SIZE_PX0[0] // reduction), -(-SIZE_PX0[1] // reduction)
        whole = slide.read((0, 0), 0, size_px, reduction)

        part = slide.read((x * reduction, y * reduction), 0, (width, height), reduction)

    np.testing.assert_array_equal(part, cut(whole, (x, y), (width, height)))


def test_tiles_that_are_left_out_are_background_by_every_reader(tmp_path: Path):
    missing = [(0, 0, 1), (0, 1, 2), (1, 0, 0)]
    path = write_tiled(tmp_path / "sparse.tif", a_field((1000, 900)), steps=(1, 2), missing=missing)

    with open_slide(path, reader="direct-scaled") as direct, open_slide(path, reader="openslide") as openslide:
        for level, size_px in enumerate(direct.level_sizes_px):
            ours, theirs = (slide.read((0, 0), level, size_px) for slide in (direct, openslide))
            np.testing.assert_array_equal(ours, theirs)
        half = direct.read((0, 0), 0, (500, 450), 2)

    assert (ours[:256, :256] == 255).all()
    assert (half[:128, 128:256] == 255).all()


def test_transparent_areas_are_background_whatever_was_asked_for(tmp_path: Path):
    drawn = a_drawn_slide(tmp_path / "drawn.scn", bounds=BOUNDS)

    with open_slide(drawn.path) as slide:
        assert slide.facts.reader == "openslide"  # Leica places its image within the slide
        assert (slide.read((0, 0), 0, (64, 64)) == 255).all()


def test_a_store_of_tiles_can_be_shared_by_slides(tmp_path: Path):
    tiles = DecodedTiles(2**24)
    paths = [write_tiled(tmp_path / f"{seed}.tif", a_field((300, 300), seed)) for seed in (1, 2)]

    slides = [open_slide(path, tiles=tiles) for path in (*paths, *paths)]
    read = [slide.read((0, 0), 0, (300, 300)) for slide in slides]

    assert np.array_equal(read[0], read[2])
    assert not np.array_equal(read[0], read[1])
    assert 0 < tiles.held_bytes <= 2**24


def test_a_reduction_that_a_slide_does_not_have_is_refused(tmp_path: Path, slide: Slide):
    with pytest.raises(ValueError, match="8 times"):
        slide.read((0, 0), 0, (4, 4), 8)


def test_the_real_slides_are_read_directly_where_they_can_be(shared: Callable[[str], Path]):
    names = {
        "slides/CMU-1-Small-Region.svs": "direct-scaled",
        "slides/TCGA-CR-7395-01A-01-TS1.svs": "direct",
        "slides/tiny/small.svs": "direct-scaled",
        "slides/CMU-1-Small-Region-dicom": "direct-scaled",
        "slides/tiny/boxes_0.dcm": "direct-scaled",
        "slides/tiny/boxes.tiff": "openslide",
    }

    assert {name: open_slide(shared(name)).facts.reader for name in names} == names


def test_what_is_not_in_jpeg_stays_with_openslide(tmp_path: Path):
    path = write_tiled(tmp_path / "zlib.tif", FIELD, ZLIB)

    assert open_slide(path).facts.reader == "openslide"
    assert open_slide(write_tiled(tmp_path / "jpeg.tif", FIELD, JPEG_420)).facts.reader == "direct-scaled"
