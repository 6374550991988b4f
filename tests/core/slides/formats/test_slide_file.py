"""What is no slide, or is broken: one sentence each, with the file's name and the next step."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.formats.dicom_mark import is_dicom
from msm_mil_core.slides.formats.slide_file import hash_ends
from msm_mil_core.slides.slide import is_slide, open_slide
from tests.slides import BOUNDS, a_drawn_slide, a_picture, write_slide

Find = Callable[[str], Path]
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
NEGATIVE = [
    ("histolab-broken.svs", "not a whole-slide image"),
    ("pathml-small_dicom-no-image-flavor.dcm", "image flavor"),
    ("pathml-smalltif-uint16-untiled.tif", "8 bits"),
    ("unopenable.tiff", "compression"),
    ("unreadable.svs", "damaged"),
]


def refusal(path: Path) -> str:
    """Open and read the slide, and return the sentence with which that fails."""
    with pytest.raises(SlideError) as caught, open_slide(path) as slide:
        slide.thumbnail(2048)
    return str(caught.value)


@pytest.mark.parametrize(("name", "reason"), NEGATIVE)
def test_unusable_files_are_refused_with_file_reason_and_next_step(shared: Find, name: str, reason: str):
    sentence = refusal(shared(f"negative/{name}"))

    assert name in sentence
    assert reason in sentence
    assert any(step in sentence for step in ("export it again", "Choose"))


def test_a_missing_file_is_named(tmp_path: Path):
    assert "absent.svs" in refusal(tmp_path / "absent.svs")
    assert "Check the path" in refusal(tmp_path / "absent.svs")


def test_an_empty_file_is_called_empty(tmp_path: Path):
    (tmp_path / "empty.svs").touch()

    assert "empty.svs is empty" in refusal(tmp_path / "empty.svs")


def test_a_folder_without_slides_is_no_slide(tmp_path: Path):
    (tmp_path / "notes.dcm").write_text("not DICOM")

    assert "contains no DICOM slide" in refusal(tmp_path)


def test_dicom_is_known_by_its_content(tmp_path: Path, shared: Find):
    for number, file in enumerate(sorted(shared("slides/CMU-1-Small-Region-dicom").glob("*.dcm"))):
        shutil.copy(file, tmp_path / f"1.2.826.{number}")
    (tmp_path / "DICOMDIR").write_bytes(b"\0" * 128 + b"DICM")
    (tmp_path / "readme.txt").write_text("not DICOM")

    assert is_dicom(tmp_path / "1.2.826.0")
    assert is_slide(tmp_path / "1.2.826.0")
    with open_slide(tmp_path) as slide:
        assert slide.vendor == "dicom"
        assert slide.facts.name == tmp_path.name


def test_a_folder_with_two_dicom_slides_makes_the_user_choose(tmp_path: Path, shared: Find):
    for folder in ("slides/CMU-1-Small-Region-dicom", "slides/tiny"):
        for file in shared(folder).glob("*.dcm"):
            shutil.copy(file, tmp_path)

    sentence = refusal(tmp_path)

    assert "holds 2 DICOM slides" in sentence
    assert "boxes_0.dcm" in sentence


def test_a_text_file_named_as_a_slide_is_seen_through(tmp_path: Path):
    (tmp_path / "text.svs").write_text("this is no slide")

    assert "whatever its name says" in refusal(tmp_path / "text.svs")


@pytest.mark.parametrize("bounds", [None, BOUNDS])
@pytest.mark.parametrize("levels", [1, 3])
@pytest.mark.parametrize("share", [0.001, 0.3, 0.6, 0.99])
def test_a_slide_that_is_cut_off_is_refused_and_says_so(
    tmp_path: Path, bounds: tuple[int, int, int, int] | None, levels: int, share: float
):
    drawn = a_drawn_slide(tmp_path / "cut.tiff", levels=levels, bounds=bounds)
    whole = drawn.path.read_bytes()
    drawn.path.write_bytes(whole[: int(share * len(whole))])

    sentence = refusal(drawn.path)

    assert "cut.tiff" in sentence
    assert "again" in sentence


def test_a_slide_that_breaks_in_the_middle_says_where(tmp_path: Path):
    path = write_slide(tmp_path / "broken.tiff", a_picture((1024, 1024), {}, noise=20), levels=2)
    with tifffile.TiffFile(path) as tiff:
        offset, count = tiff.pages[0].dataoffsets[10], tiff.pages[0].databytecounts[10]
    content = bytearray(path.read_bytes())
    content[offset : offset + count] = b"\xff" * count
    path.write_bytes(content)

    with open_slide(path) as slide:
        slide.read((0, 0), 0, (256, 256))
        with pytest.raises(SlideError, match=r"broken\.tiff opens, but level 0 at \(512, 512\).*damaged"):
            slide.read((512, 512), 0, (256, 256))


def test_a_scan_in_sixteen_bits_is_read_as_eight(tmp_path: Path):
    image = np.full((512, 512, 3), 40_000, np.uint16)
    tifffile.imwrite(tmp_path / "deep.tiff", image, tile=(256, 256), photometric="rgb")

    with open_slide(tmp_path / "deep.tiff") as slide:
        pixels = slide.read((0, 0), 0, (16, 16))

    assert (pixels == 40_000 >> 8).all()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.sampled_from([b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"MM\0+\0\x08\0\0", b"\xff\xd8\xff\xe0", PNG, b""]),
    st.binary(max_size=200),
)
def test_no_content_whatever_gets_past_as_anything_but_our_error(tmp_path: Path, mark: bytes, content: bytes):
    path = tmp_path / "noise.svs"
    path.write_bytes(mark + content)

    assert not is_slide(path)
    assert "noise.svs" in refusal(path)


def test_the_hash_of_the_ends_tells_files_apart_without_reading_them_whole(tmp_path: Path):
    contents = [b"", b"a", b"b", b"a" * 3_000_000, b"a" * 3_000_001, b"b" + b"a" * 2_999_999, b"a" * 2_999_999 + b"b"]
    paths = [tmp_path / str(number) for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)

    assert len({hash_ends(path) for path in paths}) == len(contents)
    assert hash_ends(paths[3]) == hash_ends(shutil.copy(paths[3], tmp_path / "copy"))


@pytest.mark.skipif(os.name == "nt", reason="devices are no paths there")
def test_a_device_is_no_file():
    assert "not a file, but a device" in refusal(Path(os.devnull))


@pytest.mark.skipif(os.name == "nt", reason="these are paths of Windows")
@pytest.mark.parametrize("path", [r"\\server\share\a.svs", r"C:\slides\a.svs", r"d:\a.svs"])
def test_a_path_of_windows_is_told_where_there_is_none(path: str):
    assert "is a path of Windows" in refusal(Path(path))


@pytest.mark.parametrize(
    "address", ["file:///slides/a%20b.svs", "file:/slides/a b.svs", "FILE://localhost/slides/a b.svs"]
)
def test_an_address_of_this_computer_is_not_taken_for_another(address: str):
    assert refusal(Path(address)).endswith("it is an address of this computer; give the path alone: /slides/a b.svs")


def test_a_chain_of_links_and_one_to_nowhere_are_errors_of_the_path(tmp_path: Path):
    (tmp_path / "nowhere.svs").symlink_to(tmp_path / "gone.svs")
    (tmp_path / "loop.svs").symlink_to(tmp_path / "loop.svs")

    for name in ("nowhere.svs", "loop.svs"):
        assert "Check the path" in refusal(tmp_path / name)


@pytest.mark.parametrize("name", ["Größe 病理 😐.tif", "n" * 240 + ".tif", "a b'c\"d.tif", "[x]*.tif"])
def test_any_name_of_a_file_will_do(tmp_path: Path, name: str):
    write_slide(tmp_path / name, a_picture((64, 64), {}), levels=1)

    with open_slide(tmp_path / name) as slide:
        assert (slide.facts.name, slide.facts.size_px0) == (name, (64, 64))
