"""Which file of features belongs to which slide, by their names."""

import re
import unicodedata
from collections.abc import Sequence
from difflib import get_close_matches
from itertools import takewhile
from pathlib import Path

from msm_mil_core.cohort.listing.feature_files import is_feature_file, list_feature_files
from msm_mil_core.cohort.listing.slide_entry import SlideEntry
from msm_mil_core.errors import SlideListError

SHOWN = 4
"""Files that a message names."""
INSTEAD = "Name the file itself, or write a table with the columns slide and features."

_APPENDED = re.compile(
    r"([._ -]("
    r"((tile|patch)_)?(features?|feats?|embeddings?)|patch(es)?|tiles?|bags?|h5|pt|npy"
    r"|svs|ndpi|mrxs|scn|bif|tiff?|ome|vms|vmu|svslide|czi|qptiff|dcm"
    r"|\d+x|\d+px|\d+um|\d+mpp|overlap"
    r"|(uni|conch|virchow|h-optimus|hoptimus|phikon|resnet|efficientnet)[\w-]*|(prov-)?gigapath|ctranspath"
    r"))+",
    re.IGNORECASE,
)
"""What programs append to the name of a slide: what the file holds, how tiles were made, by which encoder."""
_GDC = re.compile(r"\.[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
"""What the names of slides from the Genomic Data Commons end in."""


def match_features(entries: Sequence[SlideEntry], named: Path) -> tuple[SlideEntry, ...]:
    """Give each slide its features from a file or a folder; those of a table stay.

    A file of the slide's name counts before one whose name has words appended such as "_features" or "_uni_v1", and
    that before one that has _ for a space, as hs2p writes it. Where slides in several folders have one name, the
    features in folders of the same names are theirs. A file that is named for one slide is taken whatever its name.

    Raises
    ------
    SlideListError
        If there are no features, a slide has none, or several files may be a slide's; the message names them.
    """
    files = list_feature_files(named)
    if len(entries) == 1 and is_feature_file(named):
        return tuple(entry if entry.features else entry.replace(features=named) for entry in entries)
    return tuple(entry if entry.features else entry.replace(features=_one(entry.slide, files)) for entry in entries)


def features_alone(named: Path) -> tuple[SlideEntry, ...]:
    """Return an entry for each file of features, without its slide.

    Raises
    ------
    SlideListError
        If there are none.
    """
    return tuple(SlideEntry(slide=file, features=file) for file in list_feature_files(named))


def _one(slide: Path, files: Sequence[Path]) -> Path:
    fits = [(_rank(slide, file), file) for file in files]
    best = min(rank for rank, _ in fits)
    found = _nearest(slide, [file for rank, file in fits if rank == best and rank < _NONE])
    if len(found) == 1:
        return found[0]
    if found:
        raise SlideListError(f"Several files may hold the features of {slide.name}: {_listed(found)}. {INSTEAD}")
    near = get_close_matches(slide.stem, [_stem(file) for file in files], SHOWN)
    nearest = [file for file in files if _stem(file) in near]
    like = f" The nearest names are {_listed(nearest)}." if nearest else ""
    raise SlideListError(f"There are no features of {slide.name} among {len(files)} files.{like} {INSTEAD}")


def _nearest(slide: Path, files: Sequence[Path]) -> Sequence[Path]:
    """Return those whose folders are called as the slide's, where slides of one name lie in several folders."""
    shared = [_shared_folders(slide, file) for file in files]
    most = max(shared, default=0)
    return [file for file, count in zip(files, shared, strict=True) if count == most]


def _shared_folders(slide: Path, file: Path) -> int:
    pairs = zip(reversed(slide.absolute().parent.parts), reversed(file.absolute().parent.parts), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


_SAME, _CASE, _LONGER, _SPACED, _NONE = range(5)


def _rank(slide: Path, file: Path) -> int:
    """Return how well a file's name fits a slide's: the lower, the better."""
    stem, names = _stem(file), _names(slide)
    if stem in names:
        return _SAME
    if stem.casefold() in {name.casefold() for name in names}:
        return _CASE
    if any(_is_appended(stem, name) for name in names):
        return _LONGER
    spaced = {name.replace(" ", "_").casefold() for name in names if " " in name}
    return _SPACED if stem.casefold().removesuffix("-tiles") in spaced else _NONE


def _names(slide: Path) -> set[str]:
    """Return the names under which programs know a slide: with and without its suffix, .ome and GDC's number."""
    stem = slide.stem if slide.suffix and not slide.is_dir() else slide.name
    names = {slide.name, stem, stem.removesuffix(".ome"), _GDC.sub("", stem)} - {""}
    return {unicodedata.normalize("NFC", name) for name in names}


def _stem(file: Path) -> str:
    stem = file.stem if is_feature_file(file) and file.suffix else file.parent.parent.stem
    return unicodedata.normalize("NFC", stem)


def _is_appended(stem: str, name: str) -> bool:
    longer = stem.casefold().startswith(name.casefold())
    return longer and _APPENDED.fullmatch(stem[len(name) :]) is not None


def _listed(files: Sequence[Path]) -> str:
    more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
    return ", ".join(str(file) for file in files[:SHOWN]) + more
