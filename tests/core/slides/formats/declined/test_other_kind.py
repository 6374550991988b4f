"""What is no slide and no picture that is read is called what it is, with what to do."""

import gzip
import tarfile
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from msm_mil_core.errors import SlideError
from msm_mil_core.slides.formats.declined.other_kind import other_kind
from msm_mil_core.slides.slide import open_slide

DOT = Image.new("RGB", (32, 32), (200, 100, 150))


def packed_zip(path: Path) -> None:
    with ZipFile(path, "w") as archive:
        archive.writestr("slide.svs", b"none")


def packed_tar(path: Path) -> None:
    with tarfile.open(path, "w") as archive:
        archive.add(__file__, "slide.svs")


MADE: dict[str, tuple[Callable[[Path], object], str]] = {
    "zip": (packed_zip, r"is packed \(zip\).*Unpack it"),
    "gzip": (lambda path: path.write_bytes(gzip.compress(b"slide")), r"is packed \(gzip\).*Unpack it"),
    "tar": (packed_tar, r"is packed \(tar\).*Unpack it"),
    "web page": (lambda path: path.write_text("\n<!DOCTYPE html>\n<html>"), "is a web page.*Download the file again"),
    "pointer": (
        lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
        "is only a pointer to the file.*git lfs pull",
    ),
    **{
        kind: (lambda path, kind=kind: DOT.save(path, kind), f"is a picture of the kind {name}.*Save it as one")
        for kind, name in {"webp": "WebP", "bmp": "BMP", "gif": "GIF", "jpeg2000": "JPEG 2000", "avif": "AVIF"}.items()
    },
    "text": (lambda path: path.write_text("notes"), "is not a whole-slide image.*whatever its name says.*Choose"),
}


@pytest.mark.parametrize("kind", MADE)
def test_a_file_is_called_what_it_is_whatever_its_name(tmp_path: Path, kind: str):
    make, words = MADE[kind]
    make(tmp_path / "slide.svs")

    with pytest.raises(SlideError, match=rf"slide\.svs {words}"):
        open_slide(tmp_path / "slide.svs")


@given(st.binary(max_size=600))
def test_any_beginning_has_one_sentence(tmp_path_factory, head: bytes):
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(head)

    assert other_kind(path).startswith("is ")
    assert other_kind(path).endswith(".")
