"""Memory of a CPU encoder: what a batch frees is kept for the next one, in place of fresh pages from the system."""

import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Names of glibc's malloc.h."""
KEPT = 2**30
"""Bytes up to which freed memory is kept."""
USUAL = {M_MMAP_THRESHOLD: 32 * 2**20, M_TRIM_THRESHOLD: 64 * 2**20}
"""Where glibc's own thresholds end up in a program that has freed large arrays."""


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Keep freed memory inside the `with`, and give it back after: with glibc only, and in the main thread only.

    Feature maps of a batch are larger than what glibc keeps: each would come from the system page by page, which costs
    a third of an encoder's CPU seconds. Other threads have heaps that cannot hold so much.
    """
    in_main = threading.current_thread() is threading.main_thread()
    libc = ctypes.CDLL(None) if sys.platform == "linux" and in_main else None
    if libc is None or not (hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim")):
        yield
        return
    for threshold in USUAL:
        libc.mallopt(threshold, KEPT)
    try:
        yield
    finally:
        for threshold, usual in USUAL.items():
            libc.mallopt(threshold, usual)
        libc.malloc_trim(0)
