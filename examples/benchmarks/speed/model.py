"""What the model costs beside its one unavoidable product, beside torchmil's ABMIL, and what a question costs after it.

A child process measures memory: python -m examples.benchmarks.speed.model TILES NAME.
"""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torchmil.models import ABMIL

from examples.benchmarks.speed.comparison import Comparison, Work, compare
from examples.benchmarks.speed.inputs.drawn_outputs import draw_outputs
from msm_mil_core.explain.counterfactual import find_flip
from msm_mil_core.explain.examination_options import SearchOptions
from msm_mil_core.mil.aggregate import aggregate, aggregate_probabilities
from msm_mil_core.mil.model_file.checkpoint import Checkpoint
from msm_mil_core.mil.model_options import preset
from msm_mil_core.mil.network import MsmMil, loss, weights_of
from msm_mil_core.mil.predict import predict_bag
from msm_mil_core.mil.tile_outputs import TileOutputs

OPTIONS = preset("default", 1280, 2)
"""Three stages, projected to 256, attention width 128."""
TILES = 100_000
TIMES = 10
"""How often a question is asked for one measurement: a single one takes about a millisecond."""
MEMORY = ("float32", "float16", "torchmil")
LABEL = torch.tensor([1])


def measure(short: bool) -> Iterator[Comparison]:
    """Compare the forward pass, its memory, the training step, a question and a search."""
    tiles = 20_000 if short else TILES
    bag = torch.randn(tiles, OPTIONS.features)
    yield from _forward(bag)
    yield from _memory(tiles)
    if not short:
        yield _training_step(bag)
    del bag
    yield from _question(TILES)
    yield from _search(TILES)


def _forward(bag: Tensor) -> Iterator[Comparison]:
    network, weight, peer = MsmMil(OPTIONS).eval(), torch.randn(OPTIONS.hidden, OPTIONS.features), _torchmil()
    checkpoint, features = _checkpoint(network), bag.numpy()
    half = features.astype(np.float16)
    ours = ("predict_bag, 3 stages", lambda: predict_bag(checkpoint, features, device="cpu"))
    product = ("the product X W0", lambda: bag @ weight.mT)
    with torch.inference_mode():
        yield compare("forward", ours, product, at_most=1.9, note="Its products alone are 1.60.")
        yield compare(
            "forward beside a peer", ours, ("torchmil's ABMIL, 1 stage", lambda: peer(bag[None])), at_most=1.55
        )
        yield compare("the network alone", ("MsmMil, 3 stages", lambda: network(bag[None])), product)
        yield compare("a peer's forward", ("torchmil's ABMIL, 1 stage", lambda: peer(bag[None])), product)
        halves = ("predict_bag, a float16 bag", lambda: predict_bag(checkpoint, half, device="cpu"))
        yield compare("forward from half precision", halves, ours)


def _memory(tiles: int) -> Iterator[Comparison]:
    notes = {"torchmil": "A peer, for comparison."}
    for name in MEMORY:
        command = [sys.executable, "-m", "examples.benchmarks.speed.model", str(tiles), name]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        yield Comparison(
            f"peak memory beyond the bag, {name}",
            "torchmil's ABMIL" if name == "torchmil" else "predict_bag",
            "the bag in float32",
            None,
            None,
            at_most=None if name == "torchmil" else 0.3,
            judged_by="memory",
            value=float(printed),
            note=notes.get(name, ""),
        )


def _training_step(bag: Tensor) -> Comparison:
    network, peer = MsmMil(OPTIONS).train(), _torchmil().train()

    def ours() -> None:
        network.zero_grad()
        loss(network(bag[None]), LABEL, OPTIONS).backward()

    def theirs() -> None:
        peer.zero_grad()
        functional.binary_cross_entropy_with_logits(peer(bag[None]), LABEL.float()).backward()

    return compare("training step", ("MsmMil, 3 stages", ours), ("torchmil's ABMIL, 1 stage", theirs))


def _question(tiles: int) -> Iterator[Comparison]:
    outputs = draw_outputs(tiles, OPTIONS.replace(masked_stages=5))
    kept = np.random.default_rng(1).random(tiles) < 0.6
    least = ("one exp over (S, N), one product with (N, C)", _often(lambda: _least(outputs)))
    ours = ("aggregate", _often(lambda: aggregate(outputs, kept)))
    yield compare("what-if, 6 stages", ours, least, at_most=3.0, note="Masks and fusion on.")
    alone = ("aggregate_probabilities", _often(lambda: aggregate_probabilities(outputs, kept)))
    yield compare("what-if, probabilities alone", alone, least)
    first = ("aggregate, anew", _often(lambda: aggregate(replace(outputs), kept)))
    yield compare("what-if, the first of a bag", first, least, note="Scores are raised and sorted once for a bag.")


def _often(work: Work) -> Work:
    def several() -> None:
        for _ in range(TIMES):
            work()  # the answer is let go: ten held at once would need new memory for each

    return several


def _least(outputs: TileOutputs) -> object:
    return np.exp(outputs.scores) @ outputs.tile_logits


def _search(tiles: int) -> Iterator[Comparison]:
    large, small = (draw_outputs(count, OPTIONS) for count in (tiles, tiles // 16))
    ours = (f"first set of {tiles:,} tiles", lambda: _first_answer(large))
    yield compare(
        "find_flip as bags grow", ours, (f"of {tiles // 16:,} tiles", lambda: _first_answer(small)), at_most=21
    )
    asked = _first_answer(large)
    yield Comparison(
        "questions to a first set",
        "find_flip",
        "2 log2 N",
        None,
        None,
        at_most=1.2,
        judged_by="count",
        value=asked / (2 * np.log2(tiles)),
        note=f"{asked} questions for {tiles:,} tiles; whether a tile can be spared is tried after that.",
    )


def _first_answer(outputs: TileOutputs) -> int:
    """Return after how many questions there is a set."""
    return next(now.done for now in find_flip(outputs, SearchOptions()) if now.so_far is not None)


def _torchmil() -> nn.Module:
    """Gated ABMIL of our widths."""
    project = nn.Sequential(nn.Linear(OPTIONS.features, OPTIONS.hidden), nn.ReLU())
    return ABMIL(in_shape=(OPTIONS.features,), att_dim=OPTIONS.attention, gated=True, feat_ext=project).eval()


def _checkpoint(network: MsmMil) -> Checkpoint:
    return Checkpoint(
        name="drawn",
        options=OPTIONS,
        classes=("one", "other"),
        encoder="drawn",
        encoder_sha256="",
        side_px=256,
        mpp=0.5,
        record={},
        state=weights_of(network),
    )


def _peak(tiles: int, name: str) -> float:
    """Return the peak of a forward pass beyond the bag, over the bytes of the bag in float32."""
    checkpoint, peer = _checkpoint(MsmMil(OPTIONS)), _torchmil()
    dtype = np.float16 if name == "float16" else np.float32

    def work(features: np.ndarray) -> None:
        if name == "torchmil":
            with torch.inference_mode():
                peer(torch.from_numpy(features)[None])
        else:
            predict_bag(checkpoint, features, device="cpu")

    work(np.ones((4096, OPTIONS.features), dtype))  # what is needed once is not the bag's
    bag = np.ones((tiles, OPTIONS.features), dtype)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak so far is forgotten
    before = _resident("VmRSS")
    work(bag)
    return round((_resident("VmHWM") - before) / (4 * bag.size), 3)


def _resident(which: str) -> int:
    """Return the bytes in memory, now (VmRSS) or at most (VmHWM); getrusage's would be those of the parent too."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(f"{which}:"))


if __name__ == "__main__":
    print(_peak(int(sys.argv[1]), sys.argv[2]))
