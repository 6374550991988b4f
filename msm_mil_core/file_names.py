"""Names of files that are made from names of slides: those come from files, and may hold anything."""

import re
import unicodedata
from pathlib import Path, PurePosixPath

RESULT_SUFFIX = ".msm.h5"
"""Of the files of results."""
LONGEST_BYTES = 120
"""Room is left for what is added to a name: file systems take 255 bytes."""

_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def file_stem(name: str) -> str:
    """Return a slide's name without its suffix as the beginning of a file's name: any system takes it, in any folder.

    What no name may hold becomes a low line; the usual name of a slide stays as it is.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    stem = PurePosixPath(last).stem if last.strip(". ") else ""
    plain = "".join("_" if unicodedata.category(letter) in ("Cc", "Cf", "Cs") else letter for letter in stem)
    short = _NOT_IN_NAMES.sub("_", plain).encode()[:LONGEST_BYTES].decode(errors="ignore").strip(". ")
    return f"_{short}" if not short or _RESERVED.fullmatch(short) else short


def verdicts_beside(table: Path) -> Path:
    """Return where the verdicts on stages go, beside a table of tiles."""
    return table.with_suffix(".verdicts.csv")
