"""The devices that the window lists: a guess without torch; what is really available is seen when a run starts."""

import platform
import shutil
import sys


def offered_devices() -> tuple[str, ...]:
    """Return the names of devices that this machine probably has, the automatic choice first."""
    names = ["auto", "cpu"]
    if shutil.which("nvidia-smi"):
        names.append("cuda")
    if sys.platform == "darwin" and platform.machine() == "arm64":
        names.append("mps")
    return tuple(names)


def device_label(name: str) -> str:
    """Write a device as a person reads it."""
    words = {"auto": "Automatic", "cpu": "CPU", "cuda": "NVIDIA GPU (cuda)", "mps": "Apple GPU (mps)"}
    return words.get(name, name)
