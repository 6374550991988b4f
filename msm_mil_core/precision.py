"""In which precision an encoder computes: half where that is faster on the device, and the same in every run."""

import json
import logging
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast, get_args

import numpy as np
from numpy.typing import NDArray

from msm_mil_core.atomic_write import whole_file
from msm_mil_core.errors import OutputError
from msm_mil_core.file_lock import locked
from msm_mil_core.precision_choice import Computed, Precision
from msm_mil_core.user_folders import precision_file

NATIVE_BFLOAT16 = frozenset({"avx512_bf16", "amx_bf16", "bf16", "sve_bf16"})
"""Names, in torch's list of what a CPU can do, of units that multiply bfloat16."""
WORTHWHILE_GAIN = 1.2
"""How much faster bfloat16 has to be: between what CPUs with the units gain and the noise of a busy machine."""
FAITHFUL_COSINE = 0.999
"""How close every tile's features have to stay to those in float32."""
WAIT_S = 30.0
"""How long to wait for another process that stores its answer."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One small batch, encoded in one precision."""

    seconds: float
    features: NDArray[np.float32]


def choose_precision(
    requested: Precision, device: str, weights_sha256: str, attempt: Callable[[Computed], Trial]
) -> Computed:
    """Return the precision to use on a type of device.

    "auto" is float16 on CUDA and float32 on MPS. On a CPU it is bfloat16 only if the CPU has units for it and a probe
    finds that this encoder is faster with them; a CPU without them always computes in float32. A clock alone never
    decides: on a busy machine it would change the features, and with them the result, from run to run.

    Parameters
    ----------
    requested
        What the user chose.
    device
        "cpu", "cuda" or "mps".
    weights_sha256
        Which encoder it is.
    attempt
        Encodes a small batch, always the same one, in a precision.
    """
    if requested != "auto":
        return requested
    if device == "cuda":
        return "float16"
    if device != "cpu" or not cpu_has_bfloat16():
        return "float32"
    return _probed_once(weights_sha256, attempt)


def cpu_has_bfloat16() -> bool:
    """Return whether this CPU multiplies bfloat16 in hardware; False where torch is too old to know."""
    import torch

    capabilities: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(unit) for unit in NATIVE_BFLOAT16)


def gains_from_bfloat16(attempt: Callable[[Computed], Trial]) -> bool:
    """Return whether bfloat16 is clearly faster and gives the same features; two batches each, after one to warm up."""
    whole, half = ([attempt(precision) for _ in range(3)][1:] for precision in ("float32", "bfloat16"))
    gain = min(trial.seconds for trial in whole) / min(trial.seconds for trial in half)
    return gain > WORTHWHILE_GAIN and _cosine(whole[0].features, half[0].features).min() >= FAITHFUL_COSINE


def _probed_once(weights_sha256: str, attempt: Callable[[Computed], Trial]) -> Computed:
    """Probe, and store the answer: an encoder near the threshold must not change its features from run to run."""
    import torch

    key = f"{weights_sha256} on {platform.node()} with torch {torch.__version__}"
    found = _stored().get(key)
    return found or _store(key, "bfloat16" if gains_from_bfloat16(attempt) else "float32")


def _stored() -> dict[str, Computed]:
    try:
        stored = json.loads(precision_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    entries = stored.items() if isinstance(stored, dict) else ()
    return cast(dict[str, Computed], {key: value for key, value in entries if value in get_args(Computed)})


def _store(key: str, probed: Computed) -> Computed:
    """Store an answer beside those of other processes, and return the one that counts: the first of each key."""
    try:
        with locked(precision_file(), "is being written", wait_s=WAIT_S):
            found = {key: probed} | _stored()
            with whole_file(precision_file()) as part:
                part.write_text(json.dumps(found, indent=1), encoding="utf-8")
    except OutputError as exc:
        logger.warning("%s The next run probes the encoder's precision again.", exc)
        return probed
    return found[key]


def _cosine(some: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    cosine: NDArray[np.float32] = (some * others).sum(1) / (
        np.linalg.norm(some, axis=1) * np.linalg.norm(others, axis=1)
    )
    return cosine
