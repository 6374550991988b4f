"""What MSM-MIL costs beside gated ABMIL on one large bag: python -m examples.benchmarks.scale [--quick].

Times are ratios of interleaved pairs in one process; memory is measured in a child process of its own, above what it
held before there was a bag. Writes scale.json beside this file; --quick only prints.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from examples.benchmarks.report.write import write_report
from msm_mil_core.mil.model_options import preset
from msm_mil_core.mil.network import MsmMil, loss

HERE = Path(__file__).parent
FEATURES = 1280
STAGES = (1, 3, 7)
PAIRS = 5
LABEL = torch.tensor([1])


class PlainAbmil(nn.Module):
    """Gated ABMIL as one would write it down (Ilse et al. 2018, eq. 9), of the preset's widths."""

    def __init__(self, hidden: int, attention: int) -> None:
        super().__init__()
        self.project, self.answer = nn.Linear(FEATURES, hidden), nn.Linear(hidden, 2)
        self.V, self.U, self.w = nn.Linear(hidden, attention), nn.Linear(hidden, attention), nn.Linear(attention, 1)

    def forward(self, bag: Tensor) -> Tensor:
        """Return logits (1, 2) of a bag (1, N, P)."""
        hidden = self.project(bag).relu()
        scores = self.w(self.V(hidden).tanh() * self.U(hidden).sigmoid()).mT  # (1, 1, N)
        return self.answer((scores.softmax(-1) @ hidden)[:, 0])


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiles", type=int, default=100_000)
    parser.add_argument("--quick", action="store_true", help="10,000 tiles, nothing written")
    parser.add_argument("--memory", choices=("abmil", "msm"), help=argparse.SUPPRESS)
    wishes = parser.parse_args()
    tiles = 10_000 if wishes.quick else wishes.tiles
    if wishes.memory:
        print(_peak_of_step(wishes.memory, tiles))
        return
    table = _ratios(tiles) | _memory(tiles) | {"threads": torch.get_num_threads(), "torch": torch.__version__}
    print(json.dumps(table, indent=1))
    if not wishes.quick:
        (HERE / "scale.json").write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
        if (HERE / "results.json").exists():
            write_report(HERE)


def _ratios(tiles: int) -> dict[str, object]:
    bag = torch.randn(1, tiles, FEATURES)
    plain = _abmil()
    forward, step = {}, {}
    for stages in STAGES:
        ours = _msm(stages)
        forward[stages] = _ratio(lambda ours=ours: _forward(ours, bag), lambda: _forward(plain, bag))
        step[stages] = _ratio(lambda ours=ours: _step(ours, bag), lambda: _step(plain, bag))
    return {
        "tiles": tiles,
        "features": FEATURES,
        "forward_ratio": forward[3],
        "training_step_ratio": step[3],
        "forward_ratio_by_stages": forward,
        "training_step_ratio_by_stages": step,
    }


def _ratio(ours: Callable[[], None], theirs: Callable[[], None]) -> float:
    _seconds(ours), _seconds(theirs)
    return round(statistics.median(_seconds(ours) / _seconds(theirs) for _ in range(PAIRS)), 3)


def _seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _abmil() -> PlainAbmil:
    options = preset("default", FEATURES, 2)
    return PlainAbmil(options.hidden, options.attention)


def _msm(stages: int = 3) -> MsmMil:
    return MsmMil(preset("default", FEATURES, 2).replace(masked_stages=stages - 1))


@torch.inference_mode()
def _forward(network: nn.Module, bag: Tensor) -> None:
    network.eval()(bag)


def _step(network: nn.Module, bag: Tensor) -> None:
    network.train().zero_grad()
    if isinstance(network, MsmMil):
        loss(network(bag), LABEL, network.options).backward()
    else:
        functional.cross_entropy(network(bag), LABEL).backward()


def _memory(tiles: int) -> dict[str, float]:
    peaks = {}
    for name in ("abmil", "msm"):
        command = [sys.executable, "-m", "examples.benchmarks.scale", "--tiles", str(tiles), "--memory", name]
        told = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE.parents[1])
        peaks[name] = float(told.stdout)
    return {"memory_ratio": round(peaks["msm"], 3), "memory_ratio_abmil": round(peaks["abmil"], 3)}


def _peak_of_step(name: str, tiles: int) -> float:
    """Return the peak of a training step, bag included, over the bag's own bytes."""
    network = _abmil() if name == "abmil" else _msm()
    _step(network, torch.randn(1, 64, FEATURES))  # what torch needs once is not the bag's
    before = _resident("VmRSS")
    bag = torch.randn(1, tiles, FEATURES)
    _step(network, bag)
    return (_resident("VmHWM") - before) / bag.nbytes


def _resident(which: str) -> int:
    """Return the bytes in memory, now (VmRSS) or at most (VmHWM); getrusage's would be those of the parent too."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(f"{which}:"))


if __name__ == "__main__":
    main()
