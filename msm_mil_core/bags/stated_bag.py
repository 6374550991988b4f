"""What a file of features holds and states, whatever its format: the one thing that is read from all of them."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import h5py
import numpy as np
from numpy.typing import NDArray

from msm_mil_core.bags.attributes import Attributes, read_attributes
from msm_mil_core.errors import FeatureFileError

FEATURES = ("features", "feats")
"""Names of the dataset of features: TRIDENT's, CLAM's and ours; STAMP's."""
OF_MORE = {"slide", "patient"}
"""What STAMP says of features that are not of tiles."""
NAMES_SHOWN = 8

Table: TypeAlias = h5py.Dataset | NDArray[Any]
"""Read a few rows at a time, or in memory."""


@dataclass(frozen=True, slots=True, eq=False)
class StatedBag:
    """The features of a bag, where its tiles lie, and what is stated of both."""

    name: str
    """The file, as messages name it."""
    features: Table
    """(N, P) or (1, N, P), numbers, P at least 1."""
    coords: h5py.Dataset | h5py.Group | NDArray[Any] | None
    """As it was found: whether it has a place for each tile is still to be seen. None where there is none."""
    attributes: Attributes
    """Under the names that TRIDENT, CLAM and STAMP use; other formats are read as if they used these."""
    anchor: Literal["corner", "centre"] = "corner"
    """What `coords` says the place of."""
    without_unit: bool = False
    """Whether pixels of level 0 cannot be taken for granted where no unit is stated, as in STAMP's first files."""

    @property
    def shape(self) -> tuple[int, int]:
        """The number N of tiles, and the number P of features."""
        tiles, features = self.features.shape[-2:]
        return int(tiles), int(features)


def state_hdf5(file: h5py.File) -> StatedBag:
    """Return what an HDF5 file of any layout holds, ours included: `features` or `feats`, and `coords`.

    Raises
    ------
    FeatureFileError
        If there are no features, or not one vector of numbers a tile.
    """
    named = [name for name in FEATURES if name in file]
    if len(named) != 1:
        found = "both" if named else f"only {sorted(file)[:NAMES_SHOWN]}"
        raise FeatureFileError(
            f"{file.filename} holds no features, or not once: {' or '.join(FEATURES)} was looked for, {found} found. "
            "Rename the dataset, or encode the slide."
        )
    features, attributes = file[named[0]], read_attributes(file)
    check_table(features, named[0], file.filename)
    if (kind := attributes.text("feat_type")) in OF_MORE:
        raise FeatureFileError(
            f"{file.filename} holds one vector of a whole {kind}. Name the file with the features of its tiles."
        )
    return StatedBag(
        name=file.filename,
        features=features,
        coords=file.get("coords"),
        attributes=attributes,
        without_unit="feats" in file,
    )


def check_table(table: object, called: str, name: str) -> None:
    """Refuse what is not a vector of numbers a tile, (N, P) or (1, N, P); it is `called` so in the file of a name.

    Raises
    ------
    FeatureFileError
        If it is none.
    """
    if not _is_table(table):
        shape = getattr(table, "shape", None)
        hint = " (it may be the vector of a whole slide)" if shape is not None and len(shape) == 1 else ""
        raise FeatureFileError(
            f"{name}: {called} is {shape or 'a group or empty'}, not one vector of numbers a tile{hint}. "
            "Encode it again."
        )


def _is_table(table: Any) -> bool:
    shape: tuple[int, ...] = getattr(table, "shape", None) or ()
    one_bag = len(shape) == 2 or (len(shape) == 3 and shape[0] == 1)
    return one_bag and shape[-1] > 0 and np.dtype(table.dtype).kind in "fiu"
