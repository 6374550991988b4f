"""The mark by which a file is known to be DICOM, whatever its name."""

from pathlib import Path

_MARK = b"DICM"
_PREAMBLE = 128
"""Bytes before the mark, which may be anything."""


def is_dicom(file: Path) -> bool:
    """Return whether a file is DICOM, by its content; never raises."""
    try:
        if not file.is_file():
            return False
        with file.open("rb") as opened:
            return opened.read(_PREAMBLE + len(_MARK))[_PREAMBLE:] == _MARK
    except OSError:
        return False
