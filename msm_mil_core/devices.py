"""Which device computes: the one place where CUDA, MPS or the CPU is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msm_mil_core.errors import DeviceError

if TYPE_CHECKING:  # torch is imported only when a device is chosen: opening a slide never pays for it
    import torch


def choose_device(wish: str = "auto") -> torch.device:
    """Return the device for a wish: "auto" takes CUDA, then MPS, then the CPU; or a torch name such as "cuda:1".

    Raises
    ------
    DeviceError
        If the wish is no device, or this machine does not have it.
    """
    import torch

    if wish == "auto":
        return torch.device(_best_name(torch.cuda.is_available(), torch.backends.mps.is_available()))
    try:
        device = torch.device(wish)
    except RuntimeError as exc:
        raise DeviceError(f"{wish!r} is not a device; use auto, cpu, cuda, cuda:1 or mps.") from exc
    _check_present(device)
    return device


def _best_name(has_cuda: bool, has_mps: bool) -> str:  # noqa: FBT001  two facts about the machine, no switches
    if has_cuda:
        return "cuda"
    return "mps" if has_mps else "cpu"


def _check_present(device: torch.device) -> None:
    import torch

    present = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not present.get(device.type, False):
        raise DeviceError(f"This machine has no device {str(device)!r}; use auto or cpu.")
