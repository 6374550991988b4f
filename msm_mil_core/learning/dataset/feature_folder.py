"""The feature files of a folder, matched with the slides that a table of labels names."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from msm_mil_core.bags.elsewhere.feature_files import OF_TILES, find_feature_files
from msm_mil_core.bags.elsewhere.suffixes import FEATURES, HDF5
from msm_mil_core.errors import TrainingError
from msm_mil_core.learning.dataset.finding import Finding, listed
from msm_mil_core.learning.dataset.likeness import likeness

SLIDE_SUFFIXES = (
    *(".ome.tiff", ".ome.tif", ".ome.zarr", ".svs", ".tiff", ".tif", ".btf", ".ndpi", ".ndpis", ".mrxs", ".scn"),
    *(".vms", ".vmu", ".bif", ".svslide", ".czi", ".lif", ".vsi", ".qptiff", ".isyntax", ".i2syntax", ".kfb", ".sdpc"),
    *(".dcm", ".dicom", ".zarr", ".zip", ".jp2", ".jpeg", ".jpg", ".png"),
)
"""What a slide's name may end in that is no part of it; whatever else follows a dot is."""


def files_of(slides: Sequence[str], folder: Path, table: Path) -> dict[str, Path]:
    """Return the feature file of each slide that a table names.

    Raises
    ------
    TrainingError
        If there is no such folder, or no file for a slide, or several, or one file for two.
    """
    files, findings = match_files(slides, folder, table)
    for finding in findings:
        if finding.fatal:
            raise TrainingError(finding.sentence)
    return files


def require_folder(folder: Path) -> None:
    """Refuse what is not a folder.

    Raises
    ------
    TrainingError
        If there is none.
    """
    if not folder.is_dir():
        raise TrainingError(f"{folder} is not a folder. Name the folder with the feature files of the slides.")


def match_files(slides: Sequence[str], folder: Path, table: Path) -> tuple[dict[str, Path], tuple[Finding, ...]]:
    """Return the files of those slides that have one, and what does not match; a table may name "a" or "a.svs".

    A file of exactly that name comes first, then one that differs in the suffix of a slide or of features only. Where
    the folder itself has no features, those in its folders are taken, as other programs arrange them.

    Raises
    ------
    TrainingError
        If there is no such folder.
    """
    require_folder(folder)
    found = _without_copies(find_feature_files(folder, deepest=0) or find_feature_files(folder))
    exact, bare = _by_name(found, _stem), _by_name(found, lambda path: bare_name(_stem(path).removesuffix(OF_TILES)))
    candidates = {slide: exact.get(_file_name(slide)) or bare.get(bare_name(slide), []) for slide in slides}
    files = {slide: paths[0] for slide, paths in candidates.items() if len(paths) == 1}
    return files, tuple(_mismatches(candidates, found, folder, table))


def bare_name(slide: str) -> str:
    """Return a slide's name without the folders before it and the known suffixes of slides and features behind it."""
    return _without_suffix(_without_suffix(_file_name(slide), FEATURES), SLIDE_SUFFIXES)


def _without_suffix(name: str, suffixes: Sequence[str]) -> str:
    suffix = next((suffix for suffix in suffixes if name.lower().endswith(suffix)), "")
    return name[: len(name) - len(suffix)] or name


def _file_name(slide: str) -> str:
    return unicodedata.normalize("NFC", re.split(r"[/\\]", slide.rstrip("/\\"))[-1])


def _without_copies(found: Sequence[Path]) -> list[Path]:
    """Leave out tensors beside an HDF5 file of their name: it says more of the same features."""
    whole = {_stem(path) for path in found if path.suffix.lower() in HDF5}
    return [path for path in found if path.suffix.lower() in HDF5 or _stem(path) not in whole]


def _stem(path: Path) -> str:
    return unicodedata.normalize("NFC", path.stem)


def _by_name(found: Sequence[Path], name: Callable[[Path], str]) -> Mapping[str, list[Path]]:
    named: dict[str, list[Path]] = defaultdict(list)
    for path in found:
        named[name(path)].append(path)
    return named


def _mismatches(
    candidates: Mapping[str, Sequence[Path]], found: Sequence[Path], folder: Path, table: Path
) -> Iterator[Finding]:
    missing = tuple(slide for slide, paths in candidates.items() if not paths)
    if missing:
        what = f"{folder} has no feature file for {listed(missing)}, which {table} names."
        similar = _similar(missing, found)
        hint = f"{listed(similar)} has a similar name: correct the table. Else encode" if similar else "Encode"
        yield Finding(what, f"{hint} these slides (msm-mil encode), or take them out of the table.", missing)
    several = {slide: paths for slide, paths in candidates.items() if len(paths) > 1}
    if several:
        names = listed([path.name for paths in several.values() for path in paths])
        what = f"{folder} has more than one feature file for {listed(tuple(several))}: {names}."
        yield Finding(what, "Keep one of them, or name the one in the table with its suffix.", tuple(several))
    uses = Counter(path for paths in candidates.values() for path in paths)
    twice = tuple(_stem(path) for path, count in uses.items() if count > 1)
    if twice:
        what = f"{table} names the feature file of {listed(twice)} more than once."
        yield Finding(what, "Keep one line of it.", twice)
    unnamed = tuple(_stem(path) for path in found if path not in uses)
    if unnamed:
        what = f"{table} does not name {listed(unnamed)}, which {folder} has."
        yield Finding(what, "Add a line for each, unless they are to be left out.", unnamed, fatal=False)


def _similar(slides: Sequence[str], found: Sequence[Path]) -> list[str]:
    """Return the files whose names differ from a slide's in case, separators or zeros only."""
    wanted = {likeness(bare_name(slide)) for slide in slides}
    return [path.name for path in found if likeness(bare_name(_stem(path))) in wanted]
