"""The devices that the window lists: a guess without torch; what is really available is seen when a run starts."""

import platform
import shutil
import sys
from importlib.util import find_spec

CLUSTER = "dask"
"""Stands for the workers of a Dask cluster among the devices."""


def offered_devices() -> tuple[str, ...]:
    """Return the names of devices that this machine probably has, the automatic choice first."""
    names = ["auto", "cpu"]
    if shutil.which("nvidia-smi"):
        names.append("cuda")
    if sys.platform == "darwin" and platform.machine() == "arm64":
        names.append("mps")
    if find_spec("distributed"):
        names.append(CLUSTER)
    return tuple(names)


def device_label(name: str) -> str:
    """Write a device as a person reads it."""
    words = {"auto": "Automatic", "cpu": "CPU", "cuda": "NVIDIA GPU (cuda)", "mps": "Apple GPU (mps)"}
    words[CLUSTER] = "Workers of a Dask cluster"
    return words.get(name, name)
