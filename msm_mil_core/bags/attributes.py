"""The attributes of a file of features, however the program that wrote them stored numbers and texts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import h5py
import numpy as np

from msm_mil_core.errors import FeatureFileError

HOLDERS = ("coords", "features", "feats")
"""Datasets whose attributes are read, in this order; those of the file itself come last."""
NOT_STATED = {"", "none", "null", "unknown"}
_EQUAL = 0.01
"""Share by which the two values of a pair, along x and y, may differ and still be one number."""


class Holder(Protocol):
    """What has attributes: an object of an HDF5 file, or what another format states beside its arrays."""

    @property
    def attrs(self) -> Mapping[str, Any]:
        """Its attributes by name."""


@dataclass(frozen=True, slots=True, eq=False)
class Statements:
    """What a format states in another way than HDF5 does, under the names that `Attributes` reads."""

    attrs: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Attributes:
    """All attributes of a file of features."""

    file: str
    """The file, as messages name it."""
    holders: Mapping[str, Sequence[Holder]]
    """What has an attribute of a name: coords, features or the file itself, in that order."""

    def number(self, name: str) -> float | None:
        """Return a number, stored as one, as text or as a pair of equal ones; None where it is not stated.

        Raises
        ------
        FeatureFileError
            If it is anything else, or not finite.
        """
        stated = self._value(name)
        if stated is None or (isinstance(stated, str | bytes) and _text(stated) is None):
            return None
        try:
            return _number(stated)
        except (ValueError, TypeError, OverflowError) as exc:
            raise self._refused(name, stated) from exc

    def length(self, name: str, most: float) -> float | None:
        """Return a number above 0 and not above `most`; None where it is not stated.

        Raises
        ------
        FeatureFileError
            If it is anything else.
        """
        number = self.number(name)
        if number is not None and not 0 < number <= most:
            raise self._refused(name, number)
        return number

    def pixels(self, name: str, most: int = 2**31) -> int | None:
        """Return a whole number of pixels, at least 1; None where it is not stated.

        Raises
        ------
        FeatureFileError
            If it is anything else.
        """
        number = self.length(name, most)
        if number is not None and number != round(number):
            raise self._refused(name, number)
        return None if number is None else round(number)

    def text(self, *names: str) -> str | None:
        """Return the first of these that is stated, as text; None where none is."""
        values = (self._value(name) for name in names)
        return next((text for text in map(_text, values) if text is not None), None)

    def _value(self, name: str) -> Any:
        for holder in self.holders.get(name, ()):
            try:
                value = holder.attrs[name]
            except (OSError, ValueError, TypeError, KeyError, RuntimeError) as exc:
                what = f"{self.file}: {name} cannot be read ({exc})"
                raise FeatureFileError(f"{what}. Encode it again.") from exc
            if not isinstance(value, h5py.Empty) and np.size(value):
                return value
        return None

    def _refused(self, name: str, value: object) -> FeatureFileError:
        shown = f"{value:g}" if isinstance(value, float) else repr(value)[:40]
        return FeatureFileError(f"{self.file} states {name} as {shown}, which cannot be. Encode it again.")


def read_attributes(file: h5py.File) -> Attributes:
    """Find out which attributes there are in an HDF5 file; each is read when it is asked for."""
    return collect_attributes(file.filename, (*(file[name] for name in HOLDERS if name in file), file))


def collect_attributes(file: str, holders: Iterable[Holder]) -> Attributes:
    """Return the attributes of several holders; the first that has one counts."""
    having: dict[str, list[Holder]] = {}
    for holder in holders:
        for name in holder.attrs:
            having.setdefault(name, []).append(holder)
    return Attributes(file, having)


def _number(value: Any) -> float:
    values = np.atleast_1d(value).ravel()
    if values.dtype.kind not in "fiuSUO":
        raise TypeError(values.dtype)
    numbers = np.array([float(_text(one) or "nan") if isinstance(one, str | bytes) else float(one) for one in values])
    if not np.isfinite(numbers).all() or np.ptp(numbers) > _EQUAL * abs(numbers[0]):
        raise ValueError(values)
    return float(numbers[0])


def _text(value: Any) -> str | None:
    """Return text from whatever a program stored; None where that states nothing."""
    if value is None:
        return None
    first = np.atleast_1d(value).ravel()[0]
    text = first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)
    text = text.strip("\0 \t\r\n")
    return None if text.lower() in NOT_STATED else text
