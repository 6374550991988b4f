"""Which device computes: the one place where CUDA, MPS or the CPU is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msm_mil_core.errors import DeviceError

if TYPE_CHECKING:  # torch is imported only when a device is chosen: opening a slide does not need it
    import torch


def choose_device(requested: str = "auto") -> torch.device:
    """Return the requested device: "auto" takes CUDA, then MPS, then the CPU; or a torch name such as "cuda:1".

    Raises
    ------
    DeviceError
        If there is no such device, or this machine does not have it.
    """
    import torch

    if requested == "auto":
        has_cuda, has_mps = torch.cuda.is_available(), torch.backends.mps.is_available()
        return torch.device(best_device_name(has_cuda=has_cuda, has_mps=has_mps))
    try:
        device = torch.device(requested)
    except RuntimeError as exc:
        raise DeviceError(f"{requested!r} is not a device; use auto, cpu, cuda, cuda:1 or mps.") from exc
    _check_present(device)
    return device


def choose_devices(requested: str = "auto") -> tuple[torch.device, ...]:
    """Return the requested devices, one or several of a kind: "cuda:0,cuda:1".

    Raises
    ------
    DeviceError
        If this machine does not have them, or they cannot work together.
    """
    devices = tuple(choose_device(name.strip()) for name in requested.split(","))
    kinds = {device.type for device in devices}
    if len(devices) > 1 and (len(kinds) > 1 or kinds == {"mps"}):
        raise DeviceError(f"The devices {requested} cannot work together; use several cuda devices, or one device.")
    if kinds == {"cuda"} and len(set(devices)) < len(devices):
        raise DeviceError(f"{requested} names a device twice; number them: cuda:0,cuda:1.")
    return devices


def choose_slide_devices(requested: str = "auto") -> tuple[torch.device, ...]:
    """Return the devices among which slides are shared: "auto" takes every CUDA card, else as `choose_devices` does.

    Raises
    ------
    DeviceError
        As `choose_devices` raises it.
    """
    import torch

    if requested == "auto" and (cards := torch.cuda.device_count()) > 1:
        return tuple(torch.device("cuda", card) for card in range(cards))
    return choose_devices(requested)


def best_device_name(*, has_cuda: bool, has_mps: bool) -> str:
    """Name the device that "auto" means on a machine with these."""
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
