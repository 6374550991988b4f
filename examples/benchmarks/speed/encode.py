"""Slide to features beside the encoder alone: what tissue, reading, copies, normalisation and bookkeeping cost."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import tifffile
import torch

from examples.benchmarks.speed.comparison import Comparison, compare
from msm_mil_core.bags.bag import FeatureBag
from msm_mil_core.encoders.devices.kept_memory import freed_memory_kept
from msm_mil_core.encoders.devices.torch_device import CPU_BATCH
from msm_mil_core.encoders.devices.torch_encoder import put_on_device
from msm_mil_core.encoders.encode_slide import encode_slide
from msm_mil_core.encoders.encoding_options import EncodingOptions
from msm_mil_core.encoders.networks.efficientnet_lite0 import load_efficientnet_lite0
from msm_mil_core.encoders.networks.encoder_network import Network
from msm_mil_core.progress import finish
from msm_mil_core.slides.sample import SKIN
from msm_mil_core.slides.slide import open_slide
from msm_mil_core.slides.tiling.read_plan import plan_read
from msm_mil_core.slides.tiling.tile_options import TileOptions
from msm_mil_core.slides.tiling.tile_reader import read_tile

MPP = 0.5
SIDE_PX = 224
TISSUE_PX0 = (400, 600, 1400, 1400)
"""A piece of the sample slide that is full of tissue: left, top, width and height."""
READY_TILES = 256
"""Tiles that are kept prepared in memory: the network alone goes over them as often as it has to."""
OPTIONS = EncodingOptions(tiles=TileOptions(side_px=SIDE_PX, mpp=MPP, min_tissue=0.0))


def measure(short: bool) -> Iterator[Comparison]:
    """Encode a slide of 2,000 tiles (short: 160) that is read without resizing."""
    network = load_efficientnet_lite0()
    encoder = put_on_device(network, torch.device("cpu"), "float32")
    with tempfile.TemporaryDirectory() as folder:
        path = write_slide(Path(folder) / "slide.tiff", *((16, 10) if short else (50, 40)))

        def ours() -> FeatureBag:
            return finish(encode_slide(path, encoder, OPTIONS))

        yield compare(
            "160 tiles to features" if short else "2,000 tiles to features",
            ("slide to features", ours),
            ("the network on ready, normalised batches", _alone(network, path, ours())),
            at_most=1.02,
            pairs=5,
            note="Ours opens the slide, finds tissue, lays, reads and normalises tiles, and encodes them. Of this "
            "light encoder decoding a tile's JPEG alone is about 3 %, putting tiles together 1 %, normalising half a "
            "per cent, and finding tissue, once a slide, 2 % of so few tiles. Together that is 7 %; what is beyond "
            "it varies from run to run. Of a ViT reading is well below 1 %.",
        )


def write_slide(path: Path, columns: int, rows: int) -> Path:
    """Write a tiled JPEG pyramid of real tissue, mirrored until it has so many tiles."""
    x, y, width, height = TISSUE_PX0
    with open_slide(SKIN.path) as slide:
        piece = slide.read((x, y), 0, (width, height))
    down, across = -(-rows * SIDE_PX // height), -(-columns * SIDE_PX // width)
    mirrored = np.pad(piece, ((0, (down - 1) * height), (0, (across - 1) * width), (0, 0)), mode="symmetric")
    image = mirrored[: rows * SIDE_PX, : columns * SIDE_PX]
    with tifffile.TiffWriter(path) as tiff:
        for level in range(4):
            per_cm = 1e4 / MPP / 2**level
            tiff.write(
                image[:: 2**level, :: 2**level],
                tile=(256, 256),
                photometric="rgb",
                compression="jpeg",
                subfiletype=int(level > 0),
                resolution=(per_cm, per_cm),
                resolutionunit="CENTIMETER",
                metadata=None,
            )
    return path


def _alone(network: Network, path: Path, bag: FeatureBag) -> Callable[[], None]:
    """Return what runs the network over as many tiles as a bag has, in the same batches, and nothing else."""
    grid = bag.tiles
    with open_slide(path) as slide:
        plan = plan_read(grid.side_px0, grid.side_px, slide.facts.size_px0, slide.level_sizes_px)
        pixels = np.stack([read_tile(slide, plan, (x, y)) for x, y in grid.xy_px0[:READY_TILES].tolist()])
    tiles = torch.from_numpy(pixels).permute(0, 3, 1, 2)
    ready = [network.prepare(tiles[start : start + CPU_BATCH]) for start in range(0, len(tiles), CPU_BATCH)]

    @torch.inference_mode()
    def alone() -> None:
        left, at = len(grid), 0
        with freed_memory_kept():  # as ours does, or the network alone would cost a third more
            while left > 0:
                left -= len(network.compute(ready[at % len(ready)][:left]))
                at += 1

    return alone
