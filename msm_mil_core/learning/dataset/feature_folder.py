"""The feature files of a folder, matched with the slides that a table of labels names."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msm_mil_core.errors import TrainingError
from msm_mil_core.learning.dataset.finding import Finding
from msm_mil_core.learning.dataset.labels import listed

SUFFIXES = (".h5", ".hdf5")


def files_of(slides: Sequence[str], folder: Path, table: Path) -> dict[str, Path]:
    """Return the feature file of each slide that a table names.

    Raises
    ------
    TrainingError
        If there is no such folder, or no file for a slide, or one file for two.
    """
    files, findings = match_files(slides, folder, table)
    for finding in findings:
        if finding.fatal:
            raise TrainingError(finding.sentence)
    return files


def match_files(slides: Sequence[str], folder: Path, table: Path) -> tuple[dict[str, Path], tuple[Finding, ...]]:
    """Return the files of those slides that have one, and what does not match; a table may name "a" or "a.svs".

    Raises
    ------
    TrainingError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise TrainingError(f"{folder} is not a folder. Name the folder with the feature files of the slides.")
    found = {path.stem: path for path in sorted(folder.iterdir()) if path.suffix in SUFFIXES}
    stems = {slide: slide if slide in found else Path(slide).stem for slide in slides}
    files = {slide: found[stem] for slide, stem in stems.items() if stem in found}
    return files, tuple(_mismatches(stems, found, folder, table))


def _mismatches(stems: Mapping[str, str], found: Mapping[str, Path], folder: Path, table: Path) -> Iterator[Finding]:
    missing = tuple(slide for slide, stem in stems.items() if stem not in found)
    if missing:
        what = f"{folder} has no feature file for {listed(missing)}, which {table} names."
        yield Finding(what, "Encode these slides (msm-mil encode), or take them out of the table.", missing)
    twice = tuple(stem for stem, count in Counter(stems.values()).items() if count > 1 and stem in found)
    if twice:
        what = f"{table} names the feature file of {listed(twice)} more than once."
        yield Finding(what, "Keep one line of it.", twice)
    unnamed = tuple(stem for stem in found if stem not in set(stems.values()))
    if unnamed:
        what = f"{table} does not name {listed(unnamed)}, which {folder} has."
        yield Finding(what, "Add a line for each, unless they are to be left out.", unnamed, fatal=False)
