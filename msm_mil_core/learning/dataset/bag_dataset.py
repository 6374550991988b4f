"""Labelled bags: the feature tables of a folder joined with a table of labels, read when needed."""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.bags.feature_table import FeatureTable, Rows, open_table
from msm_mil_core.errors import TrainingError
from msm_mil_core.learning.dataset.columns import Part
from msm_mil_core.learning.dataset.feature_folder import files_of
from msm_mil_core.learning.dataset.labels import LabelTable, check_trainable, read_labels
from msm_mil_core.learning.dataset.origin import Origin, common_origin
from msm_mil_core.progress import Progress, finish

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class BagDataset:
    """B bags with a label each; what lies in files is read when it is needed."""

    names: tuple[str, ...]
    """One a bag: the slide's."""
    tables: tuple[FeatureTable, ...]
    """The features of each bag."""
    labels: NDArray[np.int64]
    """(B,), indices into `classes`."""
    classes: tuple[str, ...]
    patients: tuple[str, ...]
    """Whose each bag is: the bags of one patient are never separated by a split."""
    origin: Origin
    parts: tuple[Part, ...] | None = None
    """Which part of the split each bag belongs to; None where that is still to be drawn."""

    def __repr__(self) -> str:
        return (
            f"<BagDataset: {len(self.names)} bags of {len(set(self.patients))} patients, {len(self.classes)} classes>"
        )

    def __len__(self) -> int:
        return len(self.names)

    def subset(self, chosen: Indices) -> "BagDataset":
        """Return the chosen bags, in that order; the classes stay."""
        return replace(
            self,
            names=tuple(self.names[index] for index in chosen),
            tables=tuple(self.tables[index] for index in chosen),
            labels=self.labels[chosen],
            patients=tuple(self.patients[index] for index in chosen),
            parts=None if self.parts is None else tuple(self.parts[index] for index in chosen),
        )

    def assign(self, test: Iterable[int], val: Iterable[int] = ()) -> "BagDataset":
        """Return the bags with these in the test and the validation part, and all others in the training part."""
        held_out: dict[int, Part] = {**dict.fromkeys(test, "test"), **dict.fromkeys(val, "val")}
        return replace(self, parts=tuple(held_out.get(index, "train") for index in range(len(self))))

    def indices(self, part: Part) -> Indices:
        """Return which bags are in a part of the split, in rising order; none while it is still to be drawn."""
        return np.array([index for index, its in enumerate(self.parts or ()) if its == part], np.int64)

    def part(self, part: Part) -> "BagDataset":
        """Return the bags of a part of the split."""
        return self.subset(self.indices(part))

    def features(self, index: int) -> NDArray[np.float32]:
        """Read the features (N, P) of one bag.

        Raises
        ------
        FeatureFileError
            If the file cannot be read.
        TrainingError
            If the bag has no tiles, or numbers in it are not finite.
        """
        table, start = self.tables[index], 0
        features = np.empty((table.tiles, table.features), np.float32)  # filled in place: bags may be large
        for rows in self.finite_blocks(index):
            features[start : start + len(rows)] = rows
            start += len(rows)
        return features

    def finite_blocks(self, index: int) -> Iterator[Rows]:
        """Read the rows of one bag, some thousand at once; raises what `features` raises."""
        if not self.tables[index].tiles:
            raise TrainingError(f"{self._where(index)} has no tiles. Encode the slide again, or leave it out.")
        for rows in self.tables[index].blocks():
            if not np.isfinite(rows).all():
                raise TrainingError(
                    f"{self._where(index)} holds features that are not finite (NaN or infinite). "
                    "Encode the slide again, in full precision."
                )
            yield rows

    def check_width(self, index: int) -> None:
        """Check that a bag has as many features per tile as the first one.

        Raises
        ------
        TrainingError
            If it does not.
        """
        width, expected = self.tables[index].features, self.tables[0].features
        if width != expected and self.tables[index].tiles:
            raise TrainingError(
                f"{self._where(index)} has {width} features per tile, but {self._where(0)} has {expected}. "
                "Encode all slides with one encoder."
            )

    def _where(self, index: int) -> str:
        path = self.tables[index].path
        return f"The bag {self.names[index]}" if path is None else str(path)


def label_bags(
    tables: Mapping[str, FeatureTable],
    labels: Sequence[str],
    origin: Origin,
    *,
    patients: Sequence[str] | None = None,
    parts: Sequence[Part] | None = None,
) -> BagDataset:
    """Join feature tables, by the names of their slides, with labels, patients and parts in the same order.

    Raises
    ------
    TrainingError
        If there are fewer than two classes, or a patient is in two parts.
    ValueError
        If there are not as many labels, patients or parts as bags.
    """
    patients = tuple(tables) if patients is None else patients
    if not len(tables) == len(labels) == len(patients) == len(tables if parts is None else parts):
        raise ValueError(f"{len(tables)} bags need as many labels ({len(labels)}), patients and parts.")
    table = LabelTable(tuple(tables), tuple(labels), tuple(patients), None if parts is None else tuple(parts))
    check_trainable(table)
    return _join(table, tuple(tables.values()), origin)


def read_bag_dataset(folder: Path, table: Path) -> BagDataset:
    """Open a dataset as `open_bag_dataset` does, without showing progress."""
    return finish(open_bag_dataset(folder, table))


def open_bag_dataset(folder: Path, table: Path) -> Generator[Progress, None, BagDataset]:
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
        If a file cannot be read.
    """
    labels = read_labels(table)
    check_trainable(labels)
    return (yield from open_labelled(labels, folder, table))


def open_labelled(labels: LabelTable, folder: Path, table: Path) -> Generator[Progress, None, BagDataset]:
    """Open the feature file of each slide in `labels`, which were read from `table`; one class is enough.

    Raises
    ------
    TrainingError, FeatureFileError
        As `open_bag_dataset` raises them for files.
    """
    tables, files = [], files_of(labels.slides, folder, table)
    for done, path in enumerate(files.values()):
        yield Progress("Opening bags", done, len(files), "bags")
        tables.append(open_table(path))
    return _join(labels, tables, common_origin(tables))


def _join(labels: LabelTable, tables: Sequence[FeatureTable], origin: Origin) -> BagDataset:
    classes = tuple(sorted(set(labels.labels)))
    return BagDataset(
        names=labels.slides,
        tables=tuple(tables),
        labels=np.array([classes.index(label) for label in labels.labels], np.int64),
        classes=classes,
        patients=labels.patients,
        origin=origin,
        parts=labels.parts,
    )
