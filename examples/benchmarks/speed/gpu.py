"""What a GPU does, in absolute figures with its name: python -m examples.benchmarks.speed.gpu [--device cuda:0].

Writes gpu.json and GPU.md beside this file. Without a CUDA card it says so and ends well; --device cpu goes the whole
course with small inputs, prints, and writes nothing.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from examples.benchmarks.speed.encode import MPP, OPTIONS, SIDE_PX, write_slide
from msm_mil_core.bags.bag import FeatureBag
from msm_mil_core.encoders.devices.device_encoder import DeviceEncoder
from msm_mil_core.encoders.encode_cached import task_from_cache
from msm_mil_core.encoders.encode_options import EncodeOptions
from msm_mil_core.encoders.encode_slides import SlideEncoded, SlideFailed, encode_slides
from msm_mil_core.encoders.encoder_on_demand import loaded
from msm_mil_core.encoders.registry import load_encoder
from msm_mil_core.encoders.tile_task import TileTask
from msm_mil_core.errors import BatchTooLargeError
from msm_mil_core.mil.model_file.checkpoint import default_checkpoint_path, load_checkpoint
from msm_mil_core.mil.model_options import preset
from msm_mil_core.mil.network import MsmMil, loss
from msm_mil_core.mil.predict import predict_bag
from msm_mil_core.slides.slide import open_slide
from msm_mil_core.slides.tiling.tiles import lay_tiles
from msm_mil_core.slides.tiling.tissue import find_tissue

HERE = Path(__file__).parent
SLIDES = 3
BUSY = 0.95
"""Least share of the time from the first batch to the last in which the card computes, slide borders included."""
LEAST_COSINE = 0.999
"""Between the features of a tile on the card, in any precision, and on the CPU in float32."""
MOST_APART = {"float32": 0.001, "float16": 0.02, "bfloat16": 0.05}
"""Between the probabilities, and half the sum of differences of each stage's attention, on the card and on the CPU."""

Figures = dict[str, Any]


@dataclass
class Watched:
    """A device whose computing is timed: between events in its stream on CUDA, by the clock elsewhere."""

    device: Any
    most_tiles: int = 10**9
    """Batches of more tiles are refused, as for lack of memory."""
    refused: int = 0
    spans: list[tuple[Any, Any]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.device, name)

    def upload(self, tiles: NDArray[np.uint8]) -> Any:
        """Copy tiles to the device, or refuse them."""
        if len(tiles) > self.most_tiles:
            self.refused += 1
            raise BatchTooLargeError(f"{len(tiles)} tiles are more than {self.most_tiles}")
        return self.device.upload(tiles)

    def run(self, tiles: Any) -> Any:
        """Compute, and note when."""
        begin = self._mark(tiles)
        features = self.device.run(tiles)
        self.spans.append((begin, self._mark(None)))
        return features

    def busy(self) -> float:
        """Return the share of time, from the first batch to the last, in which it computed."""
        whole = _seconds(self.spans[0][0], self.spans[-1][1])
        return sum(_seconds(*span) for span in self.spans) / whole

    def _mark(self, tiles: Any) -> Any:
        stream = getattr(self.device, "computing", None)
        if stream is None:
            return time.perf_counter()
        if tiles is not None:
            stream.wait_event(tiles.whole)  # waiting for a copy is not computing
        event = torch.cuda.Event(enable_timing=True)
        event.record(stream)
        return event


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda:0")
    wishes = parser.parse_args()
    if wishes.device != "cpu" and not torch.cuda.is_available():
        print("There is no CUDA card here: nothing was measured. --device cpu tries the script with small inputs.")
        return 0
    found = _measure(torch.device(wishes.device), small=wishes.device == "cpu")
    print(json.dumps(found, indent=1))
    if wishes.device != "cpu":
        (HERE / "gpu.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        (HERE / "GPU.md").write_text(_table(found), encoding="utf-8")
    return int(not all(found["holds"].values()))


def _measure(device: torch.device, *, small: bool) -> Figures:
    columns, rows, head_tiles = (4, 4, 1000) if small else (50, 40, 100_000)
    with tempfile.TemporaryDirectory() as folder:
        paths = [write_slide(Path(folder) / f"slide-{n}.tiff", columns, rows) for n in range(SLIDES)]
        reference = _encode(paths[:1], load_encoder("efficientnet-lite0", device="cpu", precision="float32"))[0]
        precisions = ("float32", "bfloat16") if small else ("float32", "float16", "bfloat16")
        each = {precision: _one_precision(paths, device, precision, reference) for precision in precisions}
        short_of_memory = _short_of_memory(paths[:1], device)
    busy = {precision: figures["busy"] >= BUSY for precision, figures in each.items()}
    return {
        "card": _name(device),
        "torch": torch.__version__,
        "encoder": "efficientnet-lite0",
        "tiles": SLIDES * len(reference),
        "precisions": each,
        "out of memory": short_of_memory,
        "head": _head(device, head_tiles),
        "holds": ({} if small else {f"busy, {precision}": held for precision, held in busy.items()})
        | {f"maps, {precision}": figures["maps agree"] for precision, figures in each.items()}
        | {"out of memory": short_of_memory["same features"]},
    }


def _one_precision(paths: list[Path], device: torch.device, precision: Any, reference: FeatureBag) -> Figures:
    encoder = load_encoder("efficientnet-lite0", device=str(device), precision=precision)
    _encode(paths[:1], encoder)  # warms up
    watched = Watched(encoder.device)
    began = time.perf_counter()
    with _peak(device) as peak:
        bags = _encode(paths, replace(_as_device_encoder(encoder), device=watched))
    wall_s = time.perf_counter() - began
    return {
        "batch": encoder.device.batch,
        "tiles/s": round(sum(map(len, bags)) / wall_s, 1),
        "busy": round(watched.busy(), 4),
        "peak MiB": peak(),
    } | _apart(bags[0], reference, precision, str(device))


def _apart(bag: FeatureBag, reference: FeatureBag, precision: str, device: str) -> Figures:
    checkpoint = load_checkpoint(default_checkpoint_path())
    a, b = bag.features, reference.features
    cosine = float(((a * b).sum(1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))).min())
    here = predict_bag(checkpoint, b, device="cpu").prediction
    there = predict_bag(checkpoint, a, device=device).prediction
    maps = [
        float(np.abs(np.nan_to_num(mine.attention) - np.nan_to_num(theirs.attention)).sum() / 2)
        for mine, theirs in zip(there.stages, here.stages, strict=True)
    ]
    probabilities = float(np.abs(there.probabilities - here.probabilities).max())
    most = MOST_APART[precision]
    return {
        "least cosine of features": round(cosine, 6),
        "maps apart": round(max(maps), 5),
        "probabilities apart": round(probabilities, 5),
        "at most": most,
        "maps agree": cosine >= LEAST_COSINE and max(*maps, probabilities) <= most,
    }


def _short_of_memory(paths: list[Path], device: torch.device) -> Figures:
    """Encode with the memory of the card taken away, and on a CPU with larger batches refused."""
    encoder = load_encoder("efficientnet-lite0", device=str(device), precision="float32")
    (expected,) = _encode(paths, encoder)
    watched = Watched(encoder.device, most_tiles=10**9 if device.type == "cuda" else 5)
    with _memory_taken(device):
        (bag,) = _encode(paths, replace(_as_device_encoder(encoder), device=watched))
    apart = float(np.abs(bag.features - expected.features).max())
    return {
        "batch": encoder.device.batch,
        "largest difference": apart,
        "same features": bool(apart <= 1e-4 * float(np.abs(expected.features).max())),
        "batches": len(watched.spans),
    }


@contextmanager
def _memory_taken(device: torch.device) -> Iterator[None]:
    """Let torch have little more than it holds, a quarter of what a batch took."""
    if device.type != "cuda":
        yield
        return
    took = torch.cuda.max_memory_allocated(device) - torch.cuda.memory_allocated(device)
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(device).total_memory
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved(device) + took / 4) / total, device)
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, device)


def _head(device: torch.device, tiles: int) -> Figures:
    """Time a forward and a training step of the model on one bag."""
    options = preset("default", features=1280, classes=2)
    network = MsmMil(options).to(device)
    optimiser = torch.optim.AdamW(network.parameters())
    bag, label = torch.randn(1, tiles, 1280, device=device), torch.tensor([1], device=device)

    def forward() -> None:
        with torch.inference_mode():
            network.eval()(bag)

    def step() -> None:
        optimiser.zero_grad()
        loss(network.train()(bag), label, options).backward()
        optimiser.step()

    sizes = {"tiles": tiles, "stages": options.stages}
    return sizes | _timed("forward", forward, device) | _timed("training step", step, device)


def _timed(name: str, work: Callable[[], None], device: torch.device) -> Figures:
    work()
    seconds = []
    with _peak(device) as peak:
        for _ in range(5):
            _synchronise(device)
            began = time.perf_counter()
            work()
            _synchronise(device)
            seconds.append(time.perf_counter() - began)
    return {f"{name}, s": round(float(np.median(seconds)), 4), f"{name}, peak MiB": peak()}


def _encode(paths: list[Path], encoder: Any) -> list[FeatureBag]:
    def prepare(path: Path) -> TileTask:
        slide = open_slide(path, mpp=MPP)
        tiles = lay_tiles(slide.facts.size_px0, find_tissue(slide, OPTIONS.tissue), OPTIONS.tiles, slide_mpp=MPP)
        return task_from_cache(slide, tiles, encoder.card, lambda: encoder.device.batch, None)

    bags = {}
    for step in encode_slides(paths, prepare, [loaded(encoder)], EncodeOptions()):
        if isinstance(step, SlideFailed):
            raise step.error
        if isinstance(step, SlideEncoded):
            bags[step.job] = step.bag
    return [bags[path] for path in paths]


def _as_device_encoder(encoder: Any) -> DeviceEncoder[Any]:
    if not isinstance(encoder, DeviceEncoder):
        raise TypeError(f"{encoder!r} is not on a device")
    return encoder


@contextmanager
def _peak(device: torch.device) -> Iterator[Callable[[], int | None]]:
    if device.type != "cuda":
        yield lambda: None
        return
    torch.cuda.reset_peak_memory_stats(device)
    yield lambda: round(torch.cuda.max_memory_allocated(device) / 2**20)


def _synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _seconds(begin: Any, end: Any) -> float:
    return end - begin if isinstance(begin, float) else begin.elapsed_time(end) / 1e3


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"


def _table(found: Figures) -> str:
    columns = ("batch", "tiles/s", "busy", "peak MiB", "least cosine of features", "maps apart", "probabilities apart")
    rows = (
        f"| {precision} | {' | '.join(str(each[column]) for column in columns)} |\n"
        for precision, each in found["precisions"].items()
    )
    return (
        f"# {found['card']}\n\n{found['encoder']}, {SLIDES} slides, {found['tiles']} tiles of {SIDE_PX} px, "
        f"torch {found['torch']}. Written by examples/benchmarks/speed/gpu.py.\n\n"
        f"| precision | {' | '.join(columns)} |\n{'| --- ' * (len(columns) + 1)}|\n{''.join(rows)}\n"
        f"The model on one bag: {found['head']}.\n\nOut of memory: {found['out of memory']}.\n\n"
        f"Holds: {found['holds']}.\n"
    )


if __name__ == "__main__":
    sys.exit(main())
