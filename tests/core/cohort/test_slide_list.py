"""Which slides a user names."""

import os
import shutil
import sys
import zipfile
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from msm_mil_core.cohort.listing.shard import Shard
from msm_mil_core.cohort.listing.slide_list import list_slides
from msm_mil_core.cohort.slide_record import stamp_of
from msm_mil_core.errors import SlideListError
from msm_mil_core.slides.formats.image_folder import folders_of_images, images_in
from tests.level_files import write_ome_zarr
from tests.tiled_slides import a_field


@pytest.fixture
def folder(tmp_path):
    for name in ("b.svs", "a.tiff", "notes.txt", ".hidden.svs", "deep/c.svs", "deep/deeper/d.svs"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def names_of(*named) -> list[str]:
    return [entry.slide.name for entry in list_slides(map(Path, named))]


def a_table(folder, text) -> Path:
    path = folder / "slides.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_folder_gives_its_slides_by_name(folder):
    assert names_of(folder) == ["a.tiff", "b.svs"]


def test_a_pattern_finds_what_no_shell_has_found(folder):
    assert names_of(folder / "*.svs") == ["b.svs"]
    assert names_of(folder / "**" / "*.svs") == ["b.svs", "c.svs", "d.svs"]


def test_a_slide_that_is_named_twice_is_one(folder):
    assert names_of(folder / "b.svs", folder, folder / "b*") == ["b.svs", "a.tiff"]


def test_a_slide_that_is_named_from_here_and_from_the_root_is_one(folder, monkeypatch):
    monkeypatch.chdir(folder)

    assert list_slides([Path("b.svs"), folder / "b.svs"]) == list_slides([Path(os.curdir, "b.svs")])


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux alone")
def test_a_name_that_is_no_text_is_refused_and_its_bytes_are_told(folder):
    (folder / os.fsdecode(b"caf\xe9.svs")).touch()

    with pytest.raises(SlideListError, match=r"caf\\udce9.svs.*not UTF-8. Rename"):
        list_slides([folder])


def test_a_folder_with_a_dicom_slide_is_a_slide_alone_and_in_a_folder(tmp_path, shared):
    dicom = shutil.copytree(shared("slides/CMU-1-Small-Region-dicom"), tmp_path / "one")

    assert names_of(dicom) == names_of(tmp_path) == names_of(tmp_path / "*") == ["one"]


def test_a_folder_of_ome_zarr_is_a_slide_alone_and_in_a_folder_and_never_what_is_in_it(tmp_path):
    pytest.importorskip("zarr", reason="OME-Zarr is written here by the library zarr")
    image = write_ome_zarr(tmp_path / "one.zarr", a_field((90, 60)), version="0.4")

    assert names_of(image) == names_of(tmp_path) == names_of(tmp_path / "*") == ["one.zarr"]
    assert names_of(tmp_path / "**" / "*") == ["one.zarr"]
    assert images_in(image) == folders_of_images(tmp_path) == ()


def test_a_slide_in_a_folder_has_another_stamp_once_a_level_is_written_again(tmp_path):
    pytest.importorskip("zarr", reason="OME-Zarr is written here by the library zarr")
    image = write_ome_zarr(tmp_path / "one.zarr", a_field((90, 60)), version="0.4", chunk_px=1000)
    before = stamp_of(image)

    (image / "0" / "0.0.0").write_bytes(b"other")

    assert before not in {"", stamp_of(image)}


@pytest.mark.parametrize("named", ["missing.svs", "*.ndpi", "deep/deeper/*.tiff", "empty"])
def test_what_is_not_there_is_said_by_name(folder, named):
    (folder / "empty").mkdir()

    with pytest.raises(SlideListError, match=named.rpartition("/")[2].replace("*", r"\*")):
        names_of(folder / named)


def test_a_table_says_what_is_special_about_a_slide(folder):
    table = a_table(folder, "Slide;MPP;region\nb.svs;0.25;b.geojson\ndeep/c.svs;;\n")

    first, second = list_slides([table])

    assert first.slide == folder / "b.svs"
    assert (first.mpp, first.region) == (0.25, folder / "b.geojson")
    assert (second.slide, second.mpp, second.region) == (folder / "deep" / "c.svs", None, None)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfslide;mpp;\r\nb.svs;0,25;\r\n;;\r\n",
        b"sep=;\r\nslide;mpp\r\n b.svs ;0,25\r\n\r\n",
        b'slide,mpp\n"b.svs","0,25"\nb.svs,0.25,,\n',
        b"Slide | mpp\rb.svs|0.25\r",
        "slide\tmpp\nb.svs\t0.25\n".encode("utf-16"),
    ],
)
def test_a_table_is_read_as_spreadsheets_save_it(folder, content):
    table = folder / "slides.csv"
    table.write_bytes(content)

    (entry,) = list_slides([table])

    assert (entry.slide, entry.mpp) == (folder / "b.svs", 0.25)


def test_a_workbook_is_told_to_be_saved_as_a_table(tmp_path):
    with zipfile.ZipFile(tmp_path / "slides.xlsx", "w") as book:
        book.writestr("xl/workbook.xml", "<workbook/>")

    with pytest.raises(SlideListError, match=r"slides.xlsx .*workbook.*Save it as CSV"):
        list_slides([tmp_path / "slides.xlsx"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("slide,label\nb.svs,tumour\n", "label.*Known are slide, mpp, region, features"),
        ("mpp\n0.5\n", "no column slide"),
        ("slide,mpp\nb.svs,0.5\na.tiff,half\n", "line 3, mpp: 'half' is not a number"),
        ("slide,mpp\nb.svs,-1\n", "line 2, mpp: -1.0 is too small: the least is 0.05"),
        ("slide,mpp\nb.svs,2500\n", "line 2, mpp: 2500.0 is too large: the most is 20"),
        ("b.svs\na.tiff\n", "no column slide.*first line must name the columns"),
        ("slide,mpp\nb,c.svs,0.5\n", "line 2 has more cells than the first line has columns.*quotes"),
        ("slide,mpp\nb.svs,0.5\nb.svs,0.25\n", "b.svs is named twice, with mpp 0.5 and 0.25"),
        ("slide,region\nb.svs,\nb.svs,b.geojson\n", "b.svs is named twice, with region left open and .*b.geojson"),
        ("slide,mpp\n,0.5\n", "line 2: no slide"),
        ("slide\n", "names no slide"),
        ("slide,slide_id\nb.svs,b\n", "two columns for slide"),
    ],
)
def test_a_table_that_cannot_be_used_says_where(folder, text, said):
    with pytest.raises(SlideListError, match=said):
        list_slides([a_table(folder, text)])


@given(st.integers(1, 12), st.integers(0, 50))
def test_shares_are_disjoint_and_together_the_list(count, length):
    items = list(range(length))

    shares = [Shard(number=number, count=count).of(items) for number in range(1, count + 1)]

    assert sorted(item for share in shares for item in share) == items
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize("text", ["0/4", "5/4", "1", "a/b", "1/0", "-1/4"])
def test_a_share_that_is_none_is_refused(text):
    with pytest.raises(SlideListError, match="1/8 to 8/8"):
        Shard.parse(text)


def test_a_folder_of_zarr_that_is_no_slide_says_which_folder_is(tmp_path: Path):
    (tmp_path / ".zgroup").write_text('{"zarr_format": 2}')
    (tmp_path / ".zattrs").write_text('{"plate": {"wells": []}}')

    with pytest.raises(SlideListError, match="is a plate of many images in OME-Zarr"):
        list_slides([tmp_path])


def test_an_address_of_this_computer_is_told_how_to_be_written():
    with pytest.raises(SlideListError, match=r"There is no file:/slides/a\.svs: .*give the path alone: /slides/a\.svs"):
        list_slides([Path("file:///slides/a.svs")])
