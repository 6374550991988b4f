"""Arrays of numbers in PyTorch's and numpy's files; nothing else in such a file is ever loaded."""

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.bags.elsewhere.suffixes import NUMPY, TORCH
from msm_mil_core.bags.stated_bag import FEATURES
from msm_mil_core.errors import FeatureFileError
from msm_mil_core.torch_file import load_torch_file

ONE = int | float | str
"""What may lie beside arrays, and state something of them."""
SHOWN = 6
"""Names of arrays that a message lists."""


def read_arrays(path: Path) -> Mapping[str, NDArray[Any]]:
    """Read the arrays of a file by name; one that has none is called "features", and numbers and texts have no shape.

    Raises
    ------
    FeatureFileError
        If it holds anything but numbers.
    """
    return _torch_arrays(path) if path.suffix.lower() in TORCH else _numpy_arrays(path)


def pick_features(path: Path, arrays: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """Return the features among the arrays of a file.

    Raises
    ------
    FeatureFileError
        If none is called so, or two are.
    """
    named = [name for name in FEATURES if name in arrays]
    if len(named) != 1:
        raise FeatureFileError(
            f"{path} holds no features, or not once: {' or '.join(FEATURES)} was looked for, "
            f"{sorted(arrays)[:SHOWN]} found. Save the features of its tiles alone."
        )
    return arrays[named[0]]


def _torch_arrays(path: Path) -> Mapping[str, NDArray[Any]]:
    import torch

    try:
        loaded = load_torch_file(path, mmap=True)
    except pickle.UnpicklingError as exc:
        raise FeatureFileError(
            f"{path} holds more than numbers, and is not opened: a pickle can run any program that was put into it. "
            "Save its tensor alone, with torch.save(features, path)."
        ) from exc
    except EOFError as exc:
        raise _ends_early(path) from exc
    named = {} if isinstance(loaded, ONE) else loaded if isinstance(loaded, dict) else {FEATURES[0]: loaded}
    read = {str(name): value for name, value in named.items() if isinstance(value, torch.Tensor | np.ndarray | ONE)}
    return {name: _as_numpy(one) if isinstance(one, torch.Tensor) else np.asarray(one) for name, one in read.items()}


def _as_numpy(tensor: Any) -> NDArray[Any]:
    import torch

    dense = tensor.detach().to_dense() if tensor.layout != torch.strided else tensor.detach()
    array: NDArray[Any] = (dense.float() if dense.dtype == torch.bfloat16 else dense).numpy()
    return array


def _numpy_arrays(path: Path) -> Mapping[str, NDArray[Any]]:
    try:
        if path.suffix.lower() == NUMPY[0]:
            return {FEATURES[0]: np.lib.format.open_memmap(path, mode="r")}
        with path.open("rb") as file, np.load(file, allow_pickle=False) as loaded:
            return {name: loaded[name] for name in loaded.files}
    except (EOFError, zipfile.BadZipFile) as exc:
        raise _ends_early(path) from exc
    except (ValueError, AttributeError, TypeError) as exc:  # what is no archive has no names of arrays
        raise FeatureFileError(
            f"{path} cannot be read as numbers ({exc}). A pickle in it is not opened: save the array alone."
        ) from exc


def _ends_early(path: Path) -> FeatureFileError:
    return FeatureFileError(f"{path} is damaged or was not copied whole. Copy it again.")
