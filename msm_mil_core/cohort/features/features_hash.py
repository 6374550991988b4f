"""What changes when features do: a hash of their file, and of what lies beside it and belongs to it."""

import hashlib
from pathlib import Path

from msm_mil_core.bags.elsewhere.formats import files_of


def features_sha256(path: Path) -> str:
    """Return the hash of a file of features, with the files that state its places; of one that cannot be read, nothing.

    Of a file that stands alone it is the file's own.
    """
    try:
        digests = [_sha256(file) for file in files_of(path)]
    except OSError:
        return ""
    return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
