"""The parts of a result in its open file: each is read only if its type, shape and values can be those of a result."""

import json
from collections.abc import Callable
from datetime import datetime
from math import isfinite
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from msm_mil_core.slides.slide import SlideFacts

LONGEST_SIDE_PX0 = 2**31
"""A slide is no larger than this."""
ROUNDING = 1e-3
"""By so much a sum of float32 may miss 1."""

Fits = Callable[[NDArray[Any]], Any]


def attribute_text(owner: h5py.Group, name: str) -> str:
    """Return an attribute that is text."""
    value = owner.attrs[name]
    text = value.decode() if isinstance(value, bytes) else value
    if not isinstance(text, str):
        raise TypeError(f"{name} is no text")
    return text


def attribute_number(owner: h5py.Dataset, name: str) -> int | float:
    """Return an attribute that is one number above 0, a Python int or float as it is stored."""
    value = owner.attrs[name]
    number = value.item() if isinstance(value, np.generic) else value
    if not _is_number(number) or not 0 < number < LONGEST_SIDE_PX0:
        raise ValueError(f"{name} is no number above 0")
    return number  # type: ignore[no-any-return]  # h5py has no types


def attribute_flag(owner: h5py.Group | h5py.Dataset, name: str) -> bool:
    """Return an attribute that is true or false."""
    value = np.asarray(owner.attrs[name])
    if value.shape or value.dtype.kind not in "biu" or value not in (0, 1):
        raise ValueError(f"{name} is neither true nor false")
    return bool(value)


def dataset(group: h5py.Group, name: str) -> h5py.Dataset:
    """Return a dataset that holds numbers or truth values; nothing is read yet."""
    found = group[name]
    if not isinstance(found, h5py.Dataset) or found.shape is None or found.dtype.kind not in "biuf":
        raise ValueError(f"{name} is no table of numbers")
    return found


def array(group: h5py.Group, name: str, shape: tuple[int, ...], dtype: type[np.generic], fits: Fits) -> NDArray[Any]:
    """Read a dataset of this shape, as `dtype`, whose values `fits` accepts."""
    found = dataset(group, name)
    if found.shape != shape:
        raise ValueError(f"{name} has the shape {found.shape}, not {shape}")
    if not np.can_cast(found.dtype, dtype, "same_kind"):
        raise ValueError(f"{name} holds {found.dtype}, not {np.dtype(dtype)}")
    with np.errstate(over="ignore"):
        values: NDArray[Any] = found[()].astype(dtype, copy=False)
    if not np.all(fits(values)):
        raise ValueError(f"{name} holds values that it cannot have")
    return values


def finite(values: NDArray[Any]) -> Any:
    """Accept numbers."""
    return np.isfinite(values)


def finite_or_missing(values: NDArray[Any]) -> Any:
    """Accept numbers, and NaN for those that are missing."""
    return ~np.isinf(values)


def shares(values: NDArray[Any]) -> Any:
    """Accept numbers from 0 to 1."""
    return (values >= 0) & (values <= 1 + ROUNDING)


def shares_or_missing(values: NDArray[Any]) -> Any:
    """Accept numbers from 0 to 1, and NaN for those that are missing."""
    return np.isnan(values) | shares(values)


def parts_of_one(values: NDArray[Any]) -> Any:
    """Accept numbers from 0 to 1 that add up to 1."""
    return shares(values) & (abs(float(values.sum()) - 1) <= ROUNDING)


def parsed(text: str, name: str) -> dict[str, Any]:
    """Parse JSON that is an object."""
    try:
        record = json.loads(text)
    except RecursionError as exc:
        raise ValueError(f"{name} is nested too deeply") from exc
    if not isinstance(record, dict):
        raise TypeError(f"{name} is no record")
    return record


def texts(record: dict[str, Any], *names: str) -> None:
    """Check that these fields of a record are text."""
    for name in names:
        if not isinstance(record[name], str):
            raise TypeError(f"{name} is no text")


def numbers(record: dict[str, Any], *names: str) -> None:
    """Check that these fields of a record are numbers of 0 or more."""
    for name in names:
        if not _is_number(record[name]) or record[name] < 0:
            raise ValueError(f"{name} is no number from 0 on")


def slide_facts(record: dict[str, Any]) -> SlideFacts:
    """Return the facts of a slide that a file states."""
    omitted = {"path": "", "extent_px0": record["size_px0"]}  # by other and older writers
    omitted |= {"reader": "openslide", "profile": "", "colors": "as-stored"}
    record = omitted | record
    texts(record, "name", "path", "mpp_origin", "quick_hash", "reader", "profile", "colors")
    if record["mpp"] is not None and not (_is_number(record["mpp"]) and record["mpp"] > 0):
        raise ValueError("mpp is no number above 0")
    pairs = {name: _pair(record[name], name, least) for name, least in (("size_px0", 1), ("extent_px0", 1))}
    return SlideFacts(**record | pairs | {"origin_px0": _pair(record["origin_px0"], "origin_px0", 0)})


def moment(text: str) -> str:
    """Return a date and time that is one by ISO 8601."""
    datetime.fromisoformat(text)
    return text


def _pair(values: Any, name: str, least: int) -> tuple[int, int]:
    whole = isinstance(values, list) and all(isinstance(value, int) and value is not True for value in values)
    if not whole or len(values) != 2 or not all(least <= value < LONGEST_SIDE_PX0 for value in values):
        raise ValueError(f"{name} is no pair of whole numbers from {least} on")
    return values[0], values[1]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
