"""What a file is that is no slide and no picture that is read, by how it begins; and what to do."""

from pathlib import Path

_HEAD_BYTES = 512
_UNPACK = "is packed ({kind}), not a slide itself. Unpack it, and open what was in it."
_CONVERT = "is a picture of the kind {kind}; of pictures PNG, JPEG and TIFF are read. Save it as one of these."
_PACKED = {b"PK\3\4": "zip", b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"7z\xbc\xaf'\x1c": "7z",
           b"Rar!\x1a\x07": "rar", b"\x28\xb5\x2f\xfd": "zstd"}  # fmt: skip
_PICTURES = {b"BM": "BMP", b"GIF8": "GIF", b"8BPS": "Photoshop", b"\0\0\0\x0cjP  \r\n\x87\n": "JPEG 2000",
             b"\xff\x4f\xff\x51": "JPEG 2000", b"\xff\x0a": "JPEG XL", b"\0\0\0\x0cJXL ": "JPEG XL",
             b"P5\n": "PGM", b"P6\n": "PPM"}  # fmt: skip
_BRANDS = {b"avif": "AVIF", b"heic": "HEIC", b"heix": "HEIC", b"mif1": "HEIF"}
_POINTER = b"version https://git-lfs.github.com/spec"
_PAGES = (b"<!doctype html", b"<html")
_UNKNOWN = (
    "is not a whole-slide image: neither openslide nor the reader of pictures (PNG, JPEG, TIFF) knows the format of "
    "its content, whatever its name says. Choose another file, or copy or export it again."
)


def other_kind(file: Path) -> str:
    """Say what a file is and what to do, to follow its name.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with file.open("rb") as opened:
        head = opened.read(_HEAD_BYTES)
    packed = _of_mark(head, _PACKED) or ("tar" if head[257:262] == b"ustar" else "")
    if packed:
        return _UNPACK.format(kind=packed)
    if picture := _picture(head):
        return _CONVERT.format(kind=picture)
    if head.startswith(_POINTER):
        return "is only a pointer to the file (Git LFS). Fetch the file itself: git lfs pull."
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_PAGES):
        return "is a web page, saved in place of the file. Download the file again; you may have to log in first."
    return _UNKNOWN


def _picture(head: bytes) -> str:
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    return _of_mark(head, _PICTURES) or (_BRANDS.get(head[8:12], "") if head[4:8] == b"ftyp" else "")


def _of_mark(head: bytes, marks: dict[bytes, str]) -> str:
    return next((kind for mark, kind in marks.items() if head.startswith(mark)), "")
