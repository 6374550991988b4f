"""The tests compute on one thread: networks this small gain nothing from more, which would wait for each other."""

import os

for library in ("OMP", "MKL", "OPENBLAS"):  # read when the library is loaded, by child processes too
    os.environ[f"{library}_NUM_THREADS"] = "1"
