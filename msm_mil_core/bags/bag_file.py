"""Bags on disk: one HDF5 file a slide, laid out as TRIDENT's and readable as such."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from math import isnan, nan
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, TypeAdapter

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.bags.bag import EncoderCard, FeatureBag, JoinedSlide
from msm_mil_core.bags.elsewhere.formats import is_elsewhere, read_elsewhere
from msm_mil_core.bags.elsewhere.hdf5_bag import state_foreign
from msm_mil_core.bags.foreign_formats import foreign_places, load_foreign, read_features
from msm_mil_core.bags.foreign_tiles import GivenScale
from msm_mil_core.bags.stated_bag import StatedBag, state_hdf5
from msm_mil_core.errors import FeatureFileError, Hdf5Error
from msm_mil_core.hdf5.opening import check_regular, open_hdf5
from msm_mil_core.hdf5.writing import written_hdf5
from msm_mil_core.slides.slide import SlideFacts
from msm_mil_core.slides.tiling.tiles import TileGrid

SCHEMA = "msm-mil-features/1"
FAMILY = SCHEMA.rpartition("/")[0].encode()
SEAL_BYTES = 512
"""Before the HDF5 proper, where HDF5 leaves room for others: the schema and the SHA-256 of all that follows."""

DAMAGE = (OSError, LookupError, ArithmeticError, ValueError, TypeError, RuntimeError, AttributeError, MemoryError)
"""What reading a damaged file may raise."""


class _TileSize(BaseModel):
    side_px0: int = Field(ge=1)
    side_px: int = Field(ge=1)
    mpp: float | None = Field(gt=0, allow_inf_nan=False)


_FACTS, _CARD, _SIZE = TypeAdapter(SlideFacts), TypeAdapter(EncoderCard), TypeAdapter(_TileSize)
_JOINED = TypeAdapter(tuple[JoinedSlide, ...])


def save_bag(bag: FeatureBag, path: Path) -> None:
    """Write a bag; a file that exists is whole.

    `features` (N, P) and `coords` (N, 2), level-0 pixels, carry TRIDENT's attributes; the root's are JSON of `slide`,
    `encoder` and `tiles`, and of `joined` for a bag of several slides. A seal at the start reveals later changes.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with whole_file(path) as part:
        with written_hdf5(part, userblock_size=SEAL_BYTES) as file:
            file["features"], file["coords"] = bag.features, bag.tiles.xy_px0
            file["features"].attrs.update({"name": Path(bag.slide.name).stem, "encoder": bag.encoder.name})
            file["coords"].attrs.update(_trident_attributes(bag))
            file.attrs.update(_record(bag))
        _seal(part)


def load_bag(
    path: Path, *, slide_mpp: float | None = None, side_px: int | None = None, mpp: float | None = None
) -> FeatureBag:
    """Read the features (N, P) of a slide's tiles from a file of ours or of another program.

    Ours state everything. What a file of another program does not state is asked for, never inferred.

    Parameters
    ----------
    path
        The HDF5 file of ours, TRIDENT, CLAM or STAMP; the tensor of CLAM, slideflow or slide2vec (.pt, .npy, .npz),
        beside which its coordinates lie as these write them; or the table of LazySlide in a SpatialData store (.zarr).
    slide_mpp
        Micrometres per level-0 pixel, which few other programs state; STAMP's tiles cannot be placed without it.
    side_px, mpp
        Side of a tile as the encoder got it, in pixels, and micrometres per pixel of it. CLAM states neither.

    Raises
    ------
    FeatureFileError
        If the file is missing, damaged, of an unknown layout, or neither it nor the call says where its tiles lie and
        how large they are.
    """
    given = GivenScale(slide_mpp, side_px, mpp)
    if is_elsewhere(path):
        with open_stated(path) as stated:
            return load_foreign(stated, given)
    with open_bag_file(path) as (file, ours):
        return own_bag(file) if ours else load_foreign(state_foreign(file), given)


def load_places(
    path: Path, *, slide_mpp: float | None = None, side_px: int | None = None, mpp: float | None = None
) -> tuple[SlideFacts, TileGrid]:
    """Read what `load_bag` does of the slide and of where its tiles lie, without their features.

    Raises
    ------
    FeatureFileError
        As `load_bag` raises it.
    """
    given = GivenScale(slide_mpp, side_px, mpp)
    if is_elsewhere(path):
        with open_stated(path) as stated:
            return foreign_places(stated, given)
    with open_bag_file(path) as (file, ours):
        if ours:
            return _FACTS.validate_json(file.attrs["slide"]), own_grid(file)
        return foreign_places(state_foreign(file), given)


def load_features(path: Path) -> NDArray[np.float32]:
    """Read the features alone, (N, P), of any format that `load_bag` reads.

    Raises
    ------
    FeatureFileError
        If the file is missing, damaged, or has no features.
    """
    with open_stated(path) as stated:
        return read_features(stated)


@contextmanager
def open_stated(path: Path) -> Iterator[StatedBag]:
    """Open a file of features of any format, ours included, for what it holds and states.

    Raises
    ------
    FeatureFileError
        If it is missing or damaged, holds no features, or fails while it is open.
    """
    if is_elsewhere(path):
        with bag_file_errors(path):
            yield read_elsewhere(path)
    else:
        with open_bag_file(path) as (file, ours):
            yield state_hdf5(file) if ours else state_foreign(file)


@contextmanager
def open_bag_file(path: Path) -> Iterator[tuple[h5py.File, bool]]:
    """Open a file of features; the second value is whether it is ours.

    Raises
    ------
    FeatureFileError
        If it is missing or damaged, or h5py fails while it is open.
    """
    with bag_file_errors(path):
        check_regular(path)
        ours = _is_sealed(path)
        with open_hdf5(path) as file:
            yield file, ours


@contextmanager
def bag_file_errors(path: Path) -> Iterator[None]:
    """Turn whatever reading a damaged file of features raises into one sentence."""
    try:
        yield
    except FileNotFoundError as exc:
        raise FeatureFileError(f"There is no file of features {path}.") from exc
    except Hdf5Error as exc:
        raise FeatureFileError(f"{exc} Choose a file of features (.h5), or encode the slide again.") from exc
    except DAMAGE as exc:
        raise FeatureFileError(
            f"{path} is damaged or not a file of features ({exc}). Encode the slide again: msm-mil encode."
        ) from exc


def own_bag(file: h5py.File) -> FeatureBag:
    """Return the bag in a file of ours."""
    features, tiles = read_features(state_hdf5(file)), own_grid(file)
    if len(features) != len(tiles):
        raise ValueError(f"{len(features)} features, but {len(tiles)} tiles")
    return FeatureBag(
        features=features,
        tiles=tiles,
        slide=_FACTS.validate_json(file.attrs["slide"]),
        encoder=encoder_card(file),
        joined=_JOINED.validate_json(file.attrs.get("joined", "[]")),
    )


def encoder_card(file: h5py.File) -> EncoderCard:
    """Return the encoder that a file of ours names."""
    card: EncoderCard = _CARD.validate_json(file.attrs["encoder"])
    return card


def own_grid(file: h5py.File) -> TileGrid:
    """Return the tiles of a file of ours."""
    size, places = _SIZE.validate_json(file.attrs["tiles"]), file["coords"]
    if places.shape[1:] != (2,) or places.dtype.kind not in "iu":
        raise ValueError(f"coords {places.shape} of {places.dtype} are not one place a tile")
    return TileGrid(places[:].astype(np.int64), size.side_px0, size.side_px, nan if size.mpp is None else size.mpp)


def _record(bag: FeatureBag) -> dict[str, str]:
    tiles = bag.tiles
    mpp = None if isnan(tiles.mpp) else tiles.mpp
    joined = {"joined": _JOINED.dump_json(bag.joined).decode()} if bag.joined else {}
    return {
        "slide": _FACTS.dump_json(bag.slide).decode(),
        "encoder": _CARD.dump_json(bag.encoder).decode(),
        "tiles": json.dumps({"side_px0": tiles.side_px0, "side_px": tiles.side_px, "mpp": mpp}),
        **joined,
    }


def _trident_attributes(bag: FeatureBag) -> dict[str, Any]:
    """Return TRIDENT's attributes; it states magnifications: 1x is 10 micrometres per pixel."""
    attributes: dict[str, Any] = {
        "patch_size": bag.tiles.side_px,
        "patch_size_level0": bag.tiles.side_px0,
        "overlap": 0,
        "name": Path(bag.slide.name).stem,
        "savetodir": "",
        "level0_width": bag.slide.size_px0[0],
        "level0_height": bag.slide.size_px0[1],
    }
    if bag.slide.mpp is not None and not isnan(bag.tiles.mpp):
        attributes |= {"level0_magnification": 10 / bag.slide.mpp, "target_magnification": 10 / bag.tiles.mpp}
    return attributes


def _seal(part: Path) -> None:
    with part.open("rb+") as file:
        file.seek(SEAL_BYTES)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        file.write(f"{SCHEMA} {sha256}\n".encode())


def _is_sealed(path: Path) -> bool:
    """Return whether a file is ours and unchanged; False for one of another program.

    Raises
    ------
    ValueError
        If it is ours and has changed.
    """
    with path.open("rb") as file:
        head = file.read(SEAL_BYTES)
        if not head.startswith(FAMILY):
            return False
        schema, _, sha256 = head.rstrip(b"\0\n").decode().partition(" ")
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise ValueError("it has changed since it was written")
    if schema != SCHEMA:
        raise FeatureFileError(f"{path} is of schema {schema}; this version reads {SCHEMA}. Encode the slide again.")
    return True
