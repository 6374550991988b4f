"""The features of one bag as a table that is read a few rows at a time, where and when they are needed."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isnan
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from msm_mil_core.bags.bag_file import bag_file_errors, encoder_card, open_bag_file, open_stated, own_grid
from msm_mil_core.bags.elsewhere.formats import is_elsewhere
from msm_mil_core.bags.elsewhere.hdf5_bag import state_foreign
from msm_mil_core.bags.foreign_formats import TILES_AT_ONCE, UNKNOWN, feature_blocks, foreign_encoder
from msm_mil_core.bags.foreign_tiles import place_flaw
from msm_mil_core.bags.stated_bag import StatedBag, Table, state_hdf5
from msm_mil_core.bags.tile_size import TileSize, read_tile_size
from msm_mil_core.errors import FeatureFileError
from msm_mil_core.hdf5.opening import open_hdf5

Rows = NDArray[np.floating[Any]]
"""(n, P), float16 if the bag is stored so, else float32."""


@dataclass(frozen=True, slots=True, eq=False)
class FeatureTable:
    """A bag of N tiles by P features; opened once, read as often as needed, cheap to send to another process."""

    source: Path | NDArray[np.float32]
    """A file, or the features themselves; only this class asks which."""
    tiles: int
    features: int
    encoder: str | None = None
    """What the file calls the encoder, if it says."""
    encoder_sha256: str = ""
    """Of its weights; empty where it is not known."""
    side_px: int | None = None
    """Side of a tile as the encoder got it; None where the file does not say."""
    mpp: float | None = None
    """Micrometres per pixel of a tile; None where the file does not say."""
    place_flaw: str = ""
    """What is wrong with the places and sizes of tiles that the file states; empty if nothing is, or it states none."""
    stored_dtype: str = "<f4"
    """Type of the numbers in the file, as numpy writes it."""
    offset: int | None = None
    """Byte at which the rows begin in the file, one after another; None where they are chunked or compressed."""
    stamp: tuple[int, int] = (0, 0)
    """Length of the file in bytes, and when it was last written."""
    held: Rows | None = None
    """All rows (N, P) of the file, where they are kept in memory: it is then not read again."""

    def __repr__(self) -> str:
        where = self.path.name if self.path is not None else "in memory"
        return f"<FeatureTable {where}: {self.tiles} tiles x {self.features} features of {self.encoder or 'unknown'}>"

    @property
    def path(self) -> Path | None:
        """The file; None for features in memory."""
        return self.source if isinstance(self.source, Path) else None

    @property
    def dtype(self) -> np.dtype[np.floating[Any]]:
        """Type of the rows that are read."""
        return _as_float(np.empty(0, self.stored_dtype)).dtype

    @property
    def nbytes(self) -> int:
        """Bytes that all rows take in memory."""
        return self.tiles * self.features * self.dtype.itemsize

    def identity(self) -> str:
        """Return what changes when the features do: the file's name, length and time, or a hash of the numbers."""
        if isinstance(self.source, Path):
            return f"{self.source.name} {self.stamp[0]} {self.stamp[1]}"
        return hashlib.sha256(np.ascontiguousarray(self.source).tobytes()).hexdigest()

    def read(self, rows: NDArray[np.int64] | None = None) -> Rows:
        """Read rows, in rising order, or all of them; no others are read if they lie one after another in the file.

        Raises
        ------
        FeatureFileError
            If the file has changed since it was opened, or cannot be read.
        """
        if (ours := self._in_memory) is not None:
            return ours if rows is None else ours[rows]
        if rows is not None and self.offset is not None and self.path is not None:
            return _as_float(self._mapped(self.path)[rows])
        chosen = np.arange(self.tiles) if rows is None else rows
        read = np.empty((len(chosen), self.features), self.dtype)
        for index, block in enumerate(self.blocks()):
            start = index * TILES_AT_ONCE
            first, last = np.searchsorted(chosen, (start, start + len(block)))
            read[first:last] = block[chosen[first:last] - start]
        return read

    def blocks(self) -> Iterator[Rows]:
        """Read all rows, a few thousand at once.

        Raises
        ------
        FeatureFileError
            As `read` does.
        """
        if (ours := self._in_memory) is not None:
            yield from (ours[start : start + TILES_AT_ONCE] for start in range(0, self.tiles, TILES_AT_ONCE))
        elif self.path is not None:
            yield from self._file_blocks(self.path)

    @property
    def _in_memory(self) -> Rows | None:
        return self.source if isinstance(self.source, np.ndarray) else self.held

    def _file_blocks(self, path: Path) -> Iterator[Rows]:
        with bag_file_errors(path):
            self._check_unchanged(path)
            if is_elsewhere(path):
                with open_stated(path) as stated:
                    yield from map(_as_float, feature_blocks(stated.features))
            else:
                with open_hdf5(path) as file:  # its seal was checked when the table was opened
                    yield from map(_as_float, feature_blocks(state_hdf5(file).features))

    def _mapped(self, path: Path) -> NDArray[Any]:
        with bag_file_errors(path):
            self._check_unchanged(path)
            return np.memmap(path, np.dtype(self.stored_dtype), "r", self.offset or 0, (self.tiles, self.features))

    def _check_unchanged(self, path: Path) -> None:
        if _stamp(path) != self.stamp:
            raise FeatureFileError(f"{path} has changed while it was in use. Start again when nothing writes it.")


def open_table(path: Path) -> FeatureTable:
    """Open a file of features of any layout that `load_bag` reads, and check that it is whole.

    Raises
    ------
    FeatureFileError
        If the file is missing, damaged, or does not hold one vector a tile; whether the numbers are finite is not
        checked.
    """
    if is_elsewhere(path):
        with open_stated(path) as stated:
            return _foreign_table(path, stated)
    with open_bag_file(path) as (file, ours):
        return _own_table(path, state_hdf5(file), file) if ours else _foreign_table(path, state_foreign(file))


def _own_table(path: Path, stated: StatedBag, file: h5py.File) -> FeatureTable:
    card, tiles = encoder_card(file), own_grid(file)
    table = _table(path, stated, card.name)
    mpp = None if isnan(tiles.mpp) else tiles.mpp
    return replace(table, encoder_sha256=card.weights_sha256, side_px=tiles.side_px, mpp=mpp)


def _foreign_table(path: Path, stated: StatedBag) -> FeatureTable:
    """Return a table with what another program states of its tiles, and what is wrong with it; it trains all the same.

    Training needs no places.
    """
    size, flaw = TileSize(), place_flaw(stated)
    try:
        size = read_tile_size(stated.attributes)
    except FeatureFileError as exc:
        flaw = flaw or str(exc)
    table = _table(path, stated, foreign_encoder(stated))
    return replace(table, side_px=size.side_px, mpp=size.mpp, place_flaw=flaw)


def _table(path: Path, stated: StatedBag, encoder: str | None) -> FeatureTable:
    tiles, features = stated.shape
    return FeatureTable(
        source=path,
        tiles=tiles,
        features=features,
        encoder=None if encoder == UNKNOWN else encoder,
        stored_dtype=stated.features.dtype.str,
        offset=_offset(stated.features),
        stamp=_stamp(path),
    )


def table_of(features: NDArray[np.float32]) -> FeatureTable:
    """Return the table of features (N, P) in memory; of any other shape, a table without tiles."""
    return FeatureTable(features, *features.shape) if features.ndim == 2 else FeatureTable(features, 0, 0)


def _offset(dataset: Table) -> int | None:
    if not isinstance(dataset, h5py.Dataset):
        return None
    offset: int | None = dataset.id.get_offset()  # None where chunked
    return offset if dataset.size and not dataset.external and not dataset.is_virtual else None


def _stamp(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _as_float(rows: NDArray[Any]) -> Rows:
    half = rows.dtype.itemsize == 2 and rows.dtype.kind == "f"
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused as such
        converted: Rows = np.asarray(rows, np.float16 if half else np.float32)
    return converted
