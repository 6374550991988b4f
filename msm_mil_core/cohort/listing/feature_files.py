"""The files of features that a user names: one, or those of a folder."""

from pathlib import Path

from msm_mil_core.bags.elsewhere.feature_files import find_feature_files
from msm_mil_core.bags.elsewhere.suffixes import FEATURES, STORE
from msm_mil_core.errors import SlideListError


def is_feature_file(path: Path) -> bool:
    """Return whether a path is of a file, or of a store or its table, that may hold features."""
    in_store = path.parent.name == "tables" and path.parent.parent.suffix.lower() == STORE
    return path.suffix.lower() in FEATURES or in_store


def list_feature_files(named: Path) -> tuple[Path, ...]:
    """Return the file that is named, or those of a folder and the folders in it, by name.

    Raises
    ------
    SlideListError
        If there is none.
    """
    if is_feature_file(named) and named.exists():
        return (named,)
    if not named.is_dir():
        what = "is no file of features" if named.exists() else "does not exist"
        raise SlideListError(f"{named} {what}. Name a file that ends in {', '.join(FEATURES)}, or a folder of such.")
    found = find_feature_files(named)
    if not found:
        raise SlideListError(f"{named} holds no features: no file in it ends in {', '.join(FEATURES)}. Check the path.")
    return found
