"""The features of one bag as a table that is read a few rows at a time, where and when they are needed."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from msm_mil_core.bags.bag import EncoderCard
from msm_mil_core.bags.bag_file import bag_file_errors, encoder_card, open_bag_file, own_grid
from msm_mil_core.bags.foreign_formats import (
    TILES_AT_ONCE,
    UNKNOWN,
    feature_blocks,
    find_features,
    foreign_encoder,
    place_foreign,
)
from msm_mil_core.errors import FeatureFileError
from msm_mil_core.slides.tiles import TileGrid

Rows = NDArray[np.floating[Any]]
"""(n, P), float16 if the bag is kept so, else float32."""


@dataclass(frozen=True, slots=True, eq=False)
class FeatureTable:
    """A bag of N tiles by P features; opened once, read as often as wanted, and small enough to be sent elsewhere."""

    source: Path | NDArray[np.float32]
    """A file, or the features themselves."""
    tiles: int
    features: int
    encoder: str | None = None
    """What the file calls the encoder, if it tells."""
    encoder_sha256: str = ""
    """Of its weights; empty where it is not known."""
    side_px: int | None = None
    """Side of a tile as the encoder got it; None where the file does not tell."""
    mpp: float | None = None
    """Micrometres per pixel of a tile; None where the file does not tell."""
    kept_as: str = "<f4"
    """Type of the numbers in the file, as numpy writes it."""
    offset: int | None = None
    """Where the rows lie in the file one after another; None where they are in pieces, or compressed."""
    stamp: tuple[int, int] = (0, 0)
    """Length of the file, and when it was last written."""

    def read(self, rows: NDArray[np.int64] | None = None) -> Rows:
        """Read rows, in rising order, or all of them; no others are read if they lie one after another in the file.

        Raises
        ------
        FeatureFileError
            If the file has changed since it was opened, or cannot be read.
        """
        if isinstance(self.source, np.ndarray):
            return self.source if rows is None else self.source[rows]
        wanted = np.arange(self.tiles) if rows is None else rows
        if rows is not None and self.offset is not None:
            return _usual(self._lines()[rows])
        read = np.empty((len(wanted), self.features), self.dtype)
        for start, block in self._numbered_blocks():
            first, last = np.searchsorted(wanted, (start, start + len(block)))
            read[first:last] = block[wanted[first:last] - start]
        return read

    def blocks(self) -> Iterator[Rows]:
        """Read all rows, a few thousand at once."""
        for _, block in self._numbered_blocks():
            yield block

    @property
    def dtype(self) -> np.dtype[np.floating[Any]]:
        """Type of the rows that are read."""
        return _usual(np.empty(0, self.kept_as)).dtype

    def _numbered_blocks(self) -> Iterator[tuple[int, Rows]]:
        for index, block in enumerate(self._raw_blocks()):
            yield index * TILES_AT_ONCE, _usual(block)

    def _raw_blocks(self) -> Iterator[NDArray[Any]]:
        if isinstance(self.source, np.ndarray):
            for start in range(0, self.tiles, TILES_AT_ONCE):
                yield self.source[start : start + TILES_AT_ONCE]
            return
        with bag_file_errors(self.source):
            self._check_unchanged(self.source)
            with h5py.File(self.source, "r") as file:
                yield from feature_blocks(find_features(file))

    def _lines(self) -> NDArray[Any]:
        path = Path(str(self.source))
        with bag_file_errors(path):
            self._check_unchanged(path)
            shape = (self.tiles, self.features)
            return np.memmap(path, np.dtype(self.kept_as), "r", self.offset or 0, shape)

    def _check_unchanged(self, path: Path) -> None:
        if _stamp(path) != self.stamp:
            raise FeatureFileError(f"{path} has changed while it was in use. Start again when nothing writes it.")


def open_table(path: Path) -> FeatureTable:
    """Open a file of features of any layout that `load_bag` reads, and see that it is whole.

    Raises
    ------
    FeatureFileError
        If the file is missing, damaged, or has not one vector a tile; whether the numbers are finite is not looked at.
    """
    with open_bag_file(path) as (file, ours):
        dataset = find_features(file)
        shape = dataset.shape[1:] if dataset.ndim == 3 and len(dataset) == 1 else dataset.shape
        if len(shape) != 2 or dataset.dtype.kind not in "fiu":
            raise FeatureFileError(f"{path}: {dataset.name[1:]} {shape} is not one vector a tile. Encode it again.")
        card, grid = encoder_card(file) if ours else None, _grid(file, shape[0], ours=ours)
        return FeatureTable(
            source=path,
            tiles=shape[0],
            features=shape[1],
            encoder=_encoder(file, card),
            encoder_sha256=card.weights_sha256 if card else "",
            side_px=None if grid is None else grid.side_px,
            mpp=None if grid is None or isnan(grid.mpp) else grid.mpp,
            kept_as=dataset.dtype.str,
            offset=_offset(dataset),
            stamp=_stamp(path),
        )


def table_of(features: NDArray[np.float32]) -> FeatureTable:
    """Return the table of features (N, P) in memory; of anything else than a table, one without tiles."""
    return FeatureTable(features, *features.shape) if features.ndim == 2 else FeatureTable(features, 0, 0)


def _encoder(file: h5py.File, card: EncoderCard | None) -> str | None:
    told = foreign_encoder(file) if card is None else card.name
    return None if told == UNKNOWN else told


def _grid(file: h5py.File, count: int, *, ours: bool) -> TileGrid | None:
    try:
        return own_grid(file) if ours else place_foreign(file, count, None)
    except FeatureFileError:  # other programs' files may not tell more than features
        return None


def _offset(dataset: h5py.Dataset) -> int | None:
    offset: int | None = dataset.id.get_offset()  # None where chunked
    return offset if dataset.size and not dataset.external and not dataset.is_virtual else None


def _stamp(path: Path) -> tuple[int, int]:
    told = path.stat()
    return told.st_size, told.st_mtime_ns


def _usual(rows: NDArray[Any]) -> Rows:
    usual: Rows = np.asarray(rows, np.float16 if rows.dtype.itemsize == 2 and rows.dtype.kind == "f" else np.float32)
    return usual
