"""Reads the weights of a model made elsewhere: PyTorch files without their code, NumPy archives, safetensors."""

import hashlib
import io
import pickle
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.errors import CheckpointError
from msm_mil_core.torch_file import load_torch_file

Array = NDArray[np.float32]

TORCH_SUFFIXES = (".pt", ".pth", ".ckpt", ".bin")
SUFFIXES = (*TORCH_SUFFIXES, ".npz", ".safetensors")
MOST_BYTES = 4 * 2**30
"""Larger files are no attention models."""
NESTS = ("state_dict", "model_state_dict", "model_state", "model", "network", "net", "weights", "params")
"""Where training programs put a model's weights, beside optimiser, epoch and options; looked at first."""
KINDS = "fiub"
"""Of numpy's arrays that are weights."""
DEEPEST = 4


@dataclass(frozen=True, slots=True, eq=False)
class WeightsFile:
    """The weights in a file, by name."""

    path: Path
    sha256: str
    """Of the file."""
    arrays: Mapping[str, Array]


def read_weights(path: Path) -> WeightsFile:
    """Read the weights in a file; nothing in it is run.

    Parameters
    ----------
    path
        A .pt, .pth, .ckpt or .bin file of PyTorch, an .npz archive of NumPy, or a .safetensors file.

    Raises
    ------
    CheckpointError
        If it cannot be read, holds more than weights, or none.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise CheckpointError(f"{path} is not a file of weights. Choose one that ends in {', '.join(SUFFIXES)}.")
    content = _content(path)
    if suffix == ".npz":
        found = _of_numpy(content, path)
    else:
        found = _of_safetensors(content, path) if suffix == ".safetensors" else _of_torch(content, path)
    return WeightsFile(path, hashlib.sha256(content).hexdigest(), found)


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise CheckpointError(f"{path} is larger than 4 GiB, so it is no attention model. Choose another file.")
        return path.read_bytes()
    except OSError as exc:
        raise CheckpointError(f"Cannot read the model {path}: {exc.strerror or exc}. Check the path.") from exc


def _of_numpy(content: bytes, path: Path) -> dict[str, Array]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_BYTES:
                raise CheckpointError(f"{path} unpacks to more than 4 GiB, so it is no attention model.")
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, KeyError) as exc:
        raise CheckpointError(
            f"{path} is no NumPy archive of plain numbers ({_line(exc)}). Save the weights with "
            "numpy.savez(file, **arrays), without Python objects."
        ) from exc
    return {name: array.astype(np.float32) for name, array in arrays.items() if array.dtype.kind in KINDS}


def _of_safetensors(content: bytes, path: Path) -> dict[str, Array]:
    import safetensors
    from safetensors.torch import load

    try:
        return {name: _numbers(tensor, path) for name, tensor in load(content).items()}
    except (safetensors.SafetensorError, ValueError, KeyError) as exc:
        raise CheckpointError(f"{path} is damaged or was not copied whole ({_line(exc)}). Copy it again.") from exc


def _of_torch(content: bytes, path: Path) -> dict[str, Array]:
    try:
        loaded = load_torch_file(io.BytesIO(content))
    except pickle.UnpicklingError as exc:
        raise CheckpointError(
            f"{path} holds Python objects beside weights, and these could run any program, so it is not opened. Where "
            "it was made, save the weights alone: torch.save(model.state_dict(), 'weights.pt')."
        ) from exc
    except Exception as exc:  # a damaged pickle makes torch's reader raise anything
        raise CheckpointError(f"{path} is damaged or is no file of PyTorch ({_line(exc)}). Copy it again.") from exc
    nests = list(_nests(loaded, 0))
    if not nests:
        raise CheckpointError(
            f"{path} holds no weights by name. Save them with torch.save(model.state_dict(), 'weights.pt')."
        )
    return {name: _numbers(tensor, path) for name, tensor in max(nests, key=len).items()}


def _nests(node: object, depth: int) -> Iterator[dict[str, object]]:
    """Give the groups of weights by name: in the file itself, or wherever programs put them, known places first."""
    if not isinstance(node, Mapping) or depth > DEEPEST:
        return
    named = {name: value for name, value in node.items() if isinstance(name, str)}
    weights: dict[str, object] = {name: value for name, value in named.items() if _is_weights(value)}
    if weights:
        yield weights
    for nest in sorted(named.keys() - weights.keys(), key=lambda name: (name not in NESTS, name)):
        yield from _nests(named[nest], depth + 1)


def _is_weights(value: object) -> bool:
    import torch

    return isinstance(value, torch.Tensor) or (isinstance(value, np.ndarray) and value.dtype.kind in KINDS)


def _numbers(tensor: object, path: Path) -> Array:
    import torch

    if isinstance(tensor, np.ndarray):
        return tensor.astype(np.float32)
    if not isinstance(tensor, torch.Tensor) or tensor.is_sparse or tensor.is_quantized or tensor.is_complex():
        raise CheckpointError(f"{path} holds weights that are sparse, quantised or complex. Save them as float32.")
    numbers: Array = tensor.detach().float().contiguous().numpy()
    return numbers


def _line(exc: BaseException) -> str:
    return str(exc).splitlines()[0][:200] if str(exc) else type(exc).__name__
