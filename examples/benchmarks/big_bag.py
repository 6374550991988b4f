"""How much memory and time a very large bag takes in training: python examples/benchmarks/big_bag.py.

Writes one bag of 200,000 tiles by 1280 features as float16, three small ones beside it, and trains one epoch on them
from the command line: with all tiles, and with 20,000 drawn from the bag. It needs 0.6 GB of disk.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np

FEATURES, SMALL, AT_ONCE = 1280, 100, 10_000
TABLE = "slide,label,split\nbig,x,train\nsmall1,y,train\nsmall2,x,val\nsmall3,y,val\n"
TOLD = ["--encoder", "efficientnet-lite0", "--side-px", "224", "--mpp", "0.5", "--device", "cpu", "--epochs", "1"]
COMMAND = [sys.executable, "-c", "from msm_mil_core.cli.app import main; main()"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiles", type=int, default=200_000)
    parser.add_argument("--tiles-per-bag", type=int, default=20_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_bags(Path(folder), chosen.tiles)
        measure(Path(folder), f"all {chosen.tiles} tiles", [])
        measure(Path(folder), f"{chosen.tiles_per_bag} tiles", ["--tiles-per-bag", str(chosen.tiles_per_bag)])


def write_bags(folder: Path, tiles: int) -> None:
    rng = np.random.default_rng(0)
    for name, count in {"big": tiles, "small1": SMALL, "small2": SMALL, "small3": SMALL}.items():
        with h5py.File(folder / f"{name}.h5", "w") as file:
            features = file.create_dataset("features", (count, FEATURES), np.float16)
            for start in range(0, count, AT_ONCE):
                block = rng.normal(size=(min(AT_ONCE, count - start), FEATURES))
                features[start : start + AT_ONCE] = block.astype(np.float16)
    (folder / "labels.csv").write_text(TABLE)


def measure(folder: Path, what: str, words: list[str]) -> None:
    begun, out = time.monotonic(), str(folder / "model.safetensors")
    train = ["train", str(folder), "--labels", str(folder / "labels.csv"), "--out", out, "--overwrite", *TOLD, *words]
    child = subprocess.Popen([*COMMAND, *train], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    print(f"{what}: peak {used.ru_maxrss / 1024**2:.2f} GiB, {time.monotonic() - begun:.0f} s, exit code {status >> 8}")


if __name__ == "__main__":
    main()
