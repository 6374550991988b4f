"""The training script of the examples, as a user runs it."""

import subprocess
import sys
from pathlib import Path

from msm_mil_core.mil.checkpoint import load_checkpoint
from tests.bags import an_encoded_slide

SCRIPT = Path(__file__).parents[2] / "examples" / "train_on_your_slides.py"


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
