"""The training script of the examples, as a user runs it."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from msm_mil_core.bags.bag import EncoderCard, FeatureBag
from msm_mil_core.bags.bag_file import save_bag
from msm_mil_core.mil.checkpoint import load_checkpoint
from msm_mil_core.slides.slide import SlideFacts
from msm_mil_core.slides.tiles import TileGrid

SCRIPT = Path(__file__).parents[2] / "examples" / "train_on_your_slides.py"
CARD = EncoderCard("timm:resnet18", 6, 224, None, "Apache-2.0", "5f2a")


def an_encoded_slide(path: Path, number: int, mpp: float = 0.5) -> None:
    """Write a small bag as msm-mil encode writes it."""
    features = np.random.default_rng(number).normal(number % 2, 1, (9, 6)).astype(np.float32)
    xy_px0 = np.stack(np.divmod(np.arange(9), 3), 1) * 224
    facts = SlideFacts(
        name=path.stem,
        path="",
        size_px0=(672, 672),
        mpp=mpp,
        mpp_origin="file",
        origin_px0=(0, 0),
        extent_px0=(672, 672),
        quick_hash="",
    )
    save_bag(FeatureBag(features, TileGrid(xy_px0, 224, 224, mpp), facts, CARD), path)


def test_the_example_trains_on_encoded_slides(tmp_path):
    for number in range(16):
        an_encoded_slide(tmp_path / f"s{number}.h5", number)
    lines = ["slide,label", *(f"s{number},{'xy'[number % 2]}" for number in range(16))]
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    words = [str(tmp_path), str(tmp_path / "labels.csv"), str(tmp_path / "mine.safetensors")]

    ended = subprocess.run([sys.executable, str(SCRIPT), *words], capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stderr
    assert "'test': {'bags': 4" in ended.stdout
    assert "Research use, not for diagnosis." in ended.stdout
    model = load_checkpoint(tmp_path / "mine.safetensors")
    assert (model.name, model.classes, model.encoder) == ("mine", ("x", "y"), "timm:resnet18")
