"""Addresses of other computers: refused in a sentence, or read by fsspec where that is asked for by name."""

import sys
from pathlib import Path

import numpy as np
import pytest

from msm_mil_core.cohort.listing.slide_entry import SlideEntry
from msm_mil_core.cohort.listing.slide_list import list_slides
from msm_mil_core.errors import SlideError
from msm_mil_core.slides.find_slide import find_slide
from msm_mil_core.slides.formats.address import remote_address
from msm_mil_core.slides.slide import is_slide, open_slide
from tests.level_files import write_ome_tiff, write_ome_zarr
from tests.tiled_slides import JPEG_2000, a_field, write_tiled

FIELD = a_field((700, 500))


@pytest.fixture
def elsewhere():
    """A file system that is no folder of this computer: in memory."""
    fsspec = pytest.importorskip("fsspec", reason="addresses are read by fsspec, of the extra remote")
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()


@pytest.mark.parametrize("address", ["s3://bucket/a.svs", "https://host/x/a.tif", "gs://b/a.zarr", "memory://a.tif"])
def test_an_address_is_refused_in_a_sentence_that_says_what_to_do(address: str):
    with pytest.raises(SlideError, match=rf"{address} is on another computer; .*Copy it here.*--reader fsspec"):
        open_slide(Path(address))
    assert not is_slide(Path(address))
    assert remote_address(Path(address)) == address


@pytest.mark.parametrize("path", ["a.svs", "/data/a.svs", "C:/data/a.svs", "x:y/a.svs", "C:\\data\\a.svs"])
def test_paths_of_this_computer_are_no_addresses(path: str):
    assert remote_address(Path(path)) is None


def test_a_list_keeps_addresses_as_they_are():
    (entry,) = list_slides([Path("s3://bucket/a.svs")])

    assert remote_address(entry.absolute().slide) == "s3://bucket/a.svs"
    assert SlideEntry(slide=Path("a.svs")).absolute().slide.is_absolute()


def test_a_tiff_at_an_address_is_read_from_there(elsewhere, tmp_path: Path):
    path = write_ome_tiff(tmp_path / "a.ome.tif", FIELD)
    elsewhere.pipe("/slides/a.ome.tif", path.read_bytes())

    with open_slide(Path("memory://slides/a.ome.tif"), reader="fsspec") as slide:
        pixels, facts = slide.read((0, 0), 0, (700, 500)), slide.facts

    np.testing.assert_array_equal(pixels, FIELD)
    assert (facts.path, facts.name, facts.reader) == ("memory://slides/a.ome.tif", "a.ome.tif", "fsspec")
    assert facts.mpp == 0.25
    assert find_slide(facts, tmp_path / "results" / "a.msm.h5") is None  # what a result names is not fetched unasked


def test_a_slide_of_aperio_keeps_its_pixel_size(elsewhere, tmp_path: Path):
    path = write_tiled(tmp_path / "a.svs", FIELD, JPEG_2000)
    elsewhere.pipe("/a.svs", path.read_bytes())

    with open_slide(Path("memory://a.svs"), reader="fsspec") as there, open_slide(path) as here:
        assert there.facts.mpp == here.facts.mpp == 0.5
        np.testing.assert_array_equal(there.read((0, 0), 0, (300, 300)), here.read((0, 0), 0, (300, 300)))


def test_ome_zarr_at_an_address_is_read_from_there(elsewhere, tmp_path: Path):
    pytest.importorskip("zarr", reason="OME-Zarr is read by the library zarr, of the extra zarr")
    path = write_ome_zarr(tmp_path / "a.zarr", FIELD)
    for file in path.rglob("*"):
        if file.is_file():
            elsewhere.pipe(f"/a.zarr/{file.relative_to(path).as_posix()}", file.read_bytes())

    with open_slide(Path("memory://a.zarr"), reader="fsspec") as there, open_slide(path) as here:
        np.testing.assert_array_equal(there.read((0, 0), 0, (700, 500)), FIELD)
        assert there.facts.quick_hash == here.facts.quick_hash


def test_what_cannot_be_read_from_there_says_so(elsewhere):
    elsewhere.pipe("/notes.txt", b"no slide")

    with pytest.raises(SlideError, match=r"memory://notes\.txt cannot be read from there.*Copy it here"):
        open_slide(Path("memory://notes.txt"), reader="fsspec")
    with pytest.raises(SlideError, match=r"memory://gone\.tif cannot be read from there, since FileNotFoundError"):
        open_slide(Path("memory://gone.tif"), reader="fsspec")


def test_a_file_of_this_computer_needs_no_fsspec(tmp_path: Path):
    with pytest.raises(SlideError, match=r"a\.tif is on this computer: leave out the reader fsspec"):
        open_slide(write_ome_tiff(tmp_path / "a.tif", FIELD), reader="fsspec")


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "fsspec.core", None)

    with pytest.raises(SlideError, match=r"needs the library fsspec: pip install 'napari-msm-mil\[remote\]'"):
        open_slide(Path("s3://bucket/a.tif"), reader="fsspec")
