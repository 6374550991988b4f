"""Bags with labels: from a folder of feature files and a table, checked before anything is learnt, read when needed."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.bags.bag_file import load_features
from msm_mil_core.bags.feature_table import FeatureTable, Rows, open_table, table_of
from msm_mil_core.errors import TrainingError
from msm_mil_core.learning.dataset.labels import Part, listed, read_labels

SUFFIXES = (".h5", ".hdf5")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Origin:
    """How the tiles of all bags were made, as far as it is known."""

    encoder: str | None = None
    """As `load_encoder` takes it."""
    encoder_sha256: str = ""
    """Of its weights; empty where it is not known."""
    side_px: int | None = None
    """Side of a tile as the encoder got it."""
    mpp: float | None = None
    """Micrometres per pixel of a tile."""


@dataclass(frozen=True, slots=True, eq=False)
class BagDataset:
    """Bags with a label each; what lies in files is read when it is asked for."""

    names: tuple[str, ...]
    """One a bag: the slide's."""
    sources: tuple[Path | NDArray[np.float32], ...]
    """A feature file, or features (N, P) in memory, for each bag."""
    labels: NDArray[np.int64]
    """(B,), indices into `classes`."""
    classes: tuple[str, ...]
    patients: tuple[str, ...]
    """Who each bag is of: the bags of one patient are never parted by a split."""
    origin: Origin
    parts: tuple[Part, ...] | None = None
    """Which part of the split each bag belongs to; None where that is still to be drawn."""

    def __len__(self) -> int:
        return len(self.names)

    def features(self, index: int) -> NDArray[np.float32]:
        """Read the features (N, P) of one bag.

        Raises
        ------
        FeatureFileError
            If the file cannot be read.
        TrainingError
            If the bag has no tile, or numbers in it are not finite.
        """
        source = self.sources[index]
        if isinstance(source, Path):
            return load_features(source)  # and so they are finite
        table = self.table(index)
        for _ in self.sound_blocks(index, table):
            pass
        return source

    def table(self, index: int) -> FeatureTable:
        """Open the features of one bag, to be read some rows at a time.

        Raises
        ------
        FeatureFileError
            If the file cannot be read.
        TrainingError
            If the bag has no tile.
        """
        source = self.sources[index]
        table = open_table(source) if isinstance(source, Path) else table_of(source)
        if not table.tiles:
            raise TrainingError(f"{self._where(index)} has no tiles. Encode the slide again, or leave it out.")
        return table

    def require_width(self, index: int, width: int) -> FeatureTable:
        """Open the features of one bag that must be (N, `width`).

        Raises
        ------
        TrainingError
            If they have another length, besides what `table` raises.
        """
        table = self.table(index)
        if table.features != width:
            raise TrainingError(
                f"{self._where(index)} has {table.features} features per tile, but {self._where(0)} has {width}. "
                "Encode all slides with one encoder."
            )
        return table

    def sound_blocks(self, index: int, table: FeatureTable) -> Iterator[Rows]:
        """Read the rows of one bag, some thousand at once.

        Raises
        ------
        TrainingError
            If numbers in it are not finite.
        """
        for rows in table.blocks():
            if not np.isfinite(rows).all():
                raise TrainingError(
                    f"{self._where(index)} holds features that are not finite (NaN or infinite). "
                    "Encode the slide again, in full precision."
                )
            yield rows

    def _where(self, index: int) -> str:
        source = self.sources[index]
        return str(source) if isinstance(source, Path) else f"The bag {self.names[index]}"


def label_bags(
    sources: Mapping[str, Path | NDArray[np.float32]],
    labels: Sequence[str],
    origin: Origin,
    *,
    patients: Sequence[str] | None = None,
    parts: Sequence[Part] | None = None,
) -> BagDataset:
    """Join bags, by the names of their slides, with labels, patients and parts in the same order.

    Raises
    ------
    TrainingError
        If there are fewer than two classes, or a patient is in two parts.
    ValueError
        If there are not as many labels, patients or parts as bags.
    """
    names = tuple(sources)
    patients = names if patients is None else patients
    if not len(names) == len(labels) == len(patients) == len(names if parts is None else parts):
        raise ValueError(f"{len(names)} bags need as many labels ({len(labels)}), patients and parts.")
    classes = tuple(sorted(set(labels)))
    _check_classes(classes, labels)
    _tell_mixed_patients(patients, labels)
    if parts is not None:
        _check_parts(patients, parts)
    return BagDataset(
        names=names,
        sources=tuple(sources.values()),
        labels=np.array([classes.index(label) for label in labels], np.int64),
        classes=classes,
        patients=tuple(patients),
        origin=origin,
        parts=None if parts is None else tuple(parts),
    )


def read_bag_dataset(folder: Path, table: Path) -> BagDataset:
    """Join the feature files of a folder with the table of labels; files that it does not name are left out.

    Parameters
    ----------
    folder
        One HDF5 file of features a slide, named as the slide: ours, TRIDENT's, CLAM's or STAMP's.
    table
        As `read_labels` takes it.

    Raises
    ------
    TrainingError
        If the table or the folder cannot be used; the message says which line or file, and what to do.
    FeatureFileError
        If the first file cannot be read.
    """
    labels = read_labels(table)
    paths = dict(zip(labels.slides, files_of(labels.slides, folder, table), strict=True))
    origin = _origin_of(next(iter(paths.values())))
    return label_bags(paths, labels.labels, origin, patients=labels.patients, parts=labels.parts)


def feature_files(folder: Path) -> dict[str, Path]:
    """Return the feature files of a folder by the names of their slides.

    Raises
    ------
    TrainingError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise TrainingError(f"{folder} is not a folder. Name the folder with the feature files of the slides.")
    return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix in SUFFIXES}


def file_key(slide: str, found: Mapping[str, Path]) -> str:
    """Return the name under which a slide's file would be found: a table may name "a" or "a.svs"."""
    return slide if slide in found else Path(slide).stem


def files_of(slides: Sequence[str], folder: Path, table: Path) -> tuple[Path, ...]:
    """Return the feature file of each slide that a table names.

    Raises
    ------
    TrainingError
        If there is no such folder, or no file for a slide, or one file for two.
    """
    found = feature_files(folder)
    keys = [file_key(slide, found) for slide in slides]
    missing = [slide for slide, key in zip(slides, keys, strict=True) if key not in found]
    if missing:
        raise TrainingError(
            f"{folder} has no feature file for {listed(missing)}, which {table} names. "
            "Encode these slides (msm-mil encode), or take them out of the table."
        )
    twice = seen_twice(keys, slides)
    if twice:
        raise TrainingError(f"{table} names the feature file of {listed(twice)} more than once. Keep one line of it.")
    return tuple(found[key] for key in keys)


def _origin_of(path: Path) -> Origin:
    table = open_table(path)
    return Origin(table.encoder, table.encoder_sha256, table.side_px, table.mpp)


def _check_classes(classes: Sequence[str], labels: Sequence[str]) -> None:
    if len(classes) < 2:
        raise TrainingError(
            f"All {len(labels)} slides have the label {' '.join(classes)!r}. A model needs two classes to tell apart."
        )


def _tell_mixed_patients(patients: Sequence[str], labels: Sequence[str]) -> None:
    mixed = seen_twice(patients, labels)
    if mixed:
        logger.warning("Slides of more than one class come from %s; they stay in one part.", listed(mixed))


def _check_parts(patients: Sequence[str], parts: Sequence[Part]) -> None:
    parted = seen_twice(patients, parts)
    if parted:
        raise TrainingError(
            f"The split parts the slides of {listed(parted)}, so the figures would be too good. "
            "Put all slides of a patient into one part."
        )


def seen_twice(whose: Sequence[str], values: Sequence[str]) -> list[str]:
    """Return those, sorted, that go with more than one value."""
    counts = Counter(who for who, _ in set(zip(whose, values, strict=True)))
    return sorted(who for who, count in counts.items() if count > 1)
